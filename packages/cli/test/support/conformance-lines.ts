// Command lines that are tried with plugins in several languages. The plugins serve the same methods.
import { line, type Line } from './transcript.ts';

export const linesFor = (plugin: string): readonly Line[] => [
  line(`describe -- ${plugin}`),
  line(`describe --json -- ${plugin}`),
  line(`describe --dts -- ${plugin}`),
  line(`call greeter.greet "world" -- ${plugin}`),
  line(`call conformance.echo {"a":[1,{"$bigint":"18446744073709551615"},{"$number":"NaN"}]} -- ${plugin}`),
  line(`call conformance.echo {"$date":"2026-01-31T12:00:00.000Z"} -- ${plugin}`),
  line(`call conformance.bytes 5 -- ${plugin}`),
  line(`call conformance.print {"stream":"stdout","text":"out\\n"} -- ${plugin}`),
  line(`call conformance.print {"stream":"stderr","text":"\\u001b[2Jerr"} -- ${plugin}`),
  line(`call --stdin json conformance.echo - -- ${plugin}`, { input: '{"a":"two\\nlines"}' }),
  line(`call conformance.echo - -- ${plugin}`, { input: 'bytes' }),
  line(`call conformance.fail "no_ink" -- ${plugin}`),
  line(`call --json conformance.fail "no_ink" -- ${plugin}`),
  line(`call conformance.nope 1 -- ${plugin}`),
  line(`call nope.echo 1 -- ${plugin}`),
  line(`call --timeout 2000 conformance.sleep 60000 -- ${plugin}`),
  line(`conformance --only version --concurrency 1 -- ${plugin}`),
];
