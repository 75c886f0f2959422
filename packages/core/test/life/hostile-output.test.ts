// Tests that output of a plugin reaches the host's terminal only as plain text.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { Client, type StartError } from '../../src/index.ts';
import { Collector, failure, noModes } from '../support/life.ts';

// oxlint-disable-next-line no-control-regex -- the output must not contain these characters
const obeyed = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const hostile = '\u001b]0;title\u0007\u001b[2J\u202eOK\r';
const quoted = JSON.stringify(hostile);

test.each([
  ["the plugin's last lines", `require('fs').writeSync(2, ${quoted} + '\\n'); process.exit(3)`],
  [
    'a line that is no handshake',
    `require('fs').writeSync(4, ${quoted} + '\\n'); setInterval(() => {}, 1e6)`,
  ],
  ['half a handshake line', `require('fs').writeSync(4, ${quoted}); process.exit(1)`],
])('the error of a start that failed quotes %s as printable text', async (_name, program) => {
  const stderr = new Collector();
  const client = new Client({ cmd: [process.execPath, '-e', program], stdin: 'ignore', stderr });
  const error = await failure<StartError>(client.start());
  expect(error.message).toContain(String.raw`\x1b]0;title\x07\x1b[2J`);
  expect(error.message).not.toMatch(obeyed);
  expect(inspect(error)).not.toMatch(obeyed);
  // The sink and the tail must get the bytes unchanged.
  if (stderr.bytes > 0) expect([stderr.text, error.stderrTail]).toEqual([`${hostile}\n`, `${hostile}\n`]);
});

test.skipIf(noModes)(`a note shows the path of an interpreter as printable text${noModes}`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pipework-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'plugin');
  writeFileSync(file, `#!/no/\u001b[2Jsuch\u0007\n`);
  chmodSync(file, 0o755);
  const error = await failure<StartError>(new Client({ cmd: [file] }).start());
  expect(error.notes.join()).toContain(String.raw`/no/\x1b[2Jsuch\x07`);
  expect(inspect(error)).not.toMatch(obeyed);
});
