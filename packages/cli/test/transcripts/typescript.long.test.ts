import { join } from 'node:path';
import { root } from '../support/run.ts';
import { line, testTranscripts } from '../support/transcript.ts';

const greeter = '-- node greeter/dist/plugin.js';

testTranscripts('typescript', () => ({
  cwd: join(root, 'examples'),
  lines: [
    line(`describe ${greeter}`),
    line(`describe --json ${greeter}`),
    line(`describe --dts ${greeter}`),
    line('describe -- node ../packages/cli/test/fixtures/plugin.mjs'),
    line('describe --dts -- node docs-check/plugins/dist/links/main.js'),
    line(`call greeter.greet "world" ${greeter}`),
    line(`call greeter.count 3 ${greeter}`),
    line(`call greeter.hash - ${greeter}`, { input: 'a stream of bytes' }),
    line('call --stdin ndjson tool.double - -- node ../packages/cli/test/fixtures/plugin.mjs', {
      input: '1\n\n-2\n',
    }),
    line('call tool.mixed -- node ../packages/cli/test/fixtures/plugin.mjs'),
    line('call tool.fail -- node ../packages/cli/test/fixtures/plugin.mjs'),
    line('call --json tool.fail -- node ../packages/cli/test/fixtures/plugin.mjs'),
    line(`call greeter.each ["a"] 5 ${greeter}`),
    line(`call greeter.nope ${greeter}`),
    line(`call nope.greet ${greeter}`),
    line('call --timeout 2000 tool.wait -- node ../packages/cli/test/fixtures/plugin.mjs'),
    line('call tool.wait -- node ../packages/cli/test/fixtures/plugin.mjs', {
      steps: [['waiting', '\u0003']],
    }),
    line('describe -- greeter/dist/plugin.js'),
    line('describe node greeter/dist/plugin.js --port 5 --dts'),
    line('call greeter.greet "world" node greeter/dist/plugin.js --port 5'),
    line(`conformance --only cookie --concurrency 1 ${greeter}`),
    line('conformance --only cookie --concurrency 1 -- node -e 0'),
  ],
}));
