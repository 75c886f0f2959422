// run.mjs PROGRAM [--option value]...: runs the long form of a program. Most programs also have a short form
// in the test suite.
//
//   node reliability/run.mjs                       lists the programs and their options
//   node reliability/run.mjs fuzz --minutes 5 --seed 1
import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const folder = new URL('programs/', import.meta.url);
const names = readdirSync(folder).map((file) => file.replace(/\.mjs$/, ''));
const [name, ...args] = process.argv.slice(2);

if (!names.includes(name)) {
  for (const one of names) {
    const { help, defaults } = await import(new URL(`${one}.mjs`, folder));
    const options = Object.entries(defaults).map(([key, value]) => `--${key} ${value}`);
    console.log(`${one.padEnd(10)} ${help}\n${' '.repeat(11)}${options.join(' ')}`);
  }
  process.exit(name === undefined ? 0 : 2);
}

/** Parses options. Each option has the type of its default. */
function parse(defaults) {
  const options = {};
  for (let i = 0; i < args.length; i += 2) {
    const key = args[i].replace(/^--/, '');
    if (!(key in defaults))
      throw new Error(`${name} has no option ${args[i]}; it has ${Object.keys(defaults).join(', ')}`);
    options[key] = typeof defaults[key] === 'number' ? Number(args[i + 1]) : args[i + 1];
  }
  return options;
}

setFlagsFromString('--expose-gc');
globalThis.gc = runInNewContext('gc');
const { run, defaults } = await import(new URL(`${name}.mjs`, folder));
const started = performance.now();
const { findings, figures } = await run(parse(defaults), (line) => console.log(line)).catch((error) => {
  // The error is printed here. Otherwise a watch that still runs would store the error for a report, and the
  // report would never be made.
  console.error(error);
  process.exit(1);
});
console.log(JSON.stringify(figures, null, 2));
for (const finding of findings) console.log(`FOUND ${finding}`);
console.log(`${name}: ${findings.length} findings in ${((performance.now() - started) / 1000).toFixed(1)} s`);
process.exit(findings.length === 0 ? 0 : 1);
