// The tests that explore (properties, schedules, damaged bytes) with many times as many runs as they have in the suite.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const help = "the suite's explorations, with many times as many runs";
export const defaults = { times: 20 };

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Test files whose number of runs comes from testing/explore.ts. */
const explorations = () =>
  readdirSync(root, { recursive: true })
    .filter((file) => /^(packages|examples)\/.*\.ts$/.test(file) && !/(^|\/)(node_modules|dist)\//.test(file))
    .filter((file) => /\/testing\/explore\.ts'/.test(readFileSync(join(root, file), 'utf8')));

export async function run(options, say = () => {}) {
  const { times } = { ...defaults, ...options };
  const files = explorations();
  const child = spawn(join(root, 'node_modules/.bin/vitest'), ['run', ...files], {
    cwd: root,
    env: { ...process.env, EXPLORE: String(times) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
      say(text.trimEnd());
    });
  }
  const status = await new Promise((resolve) => child.on('close', resolve));
  const findings = status === 0 ? [] : [`the explorations failed, as they say above (exit code ${status})`];
  return { findings, figures: { files, tally: /^.* passed, .*$/m.exec(output)?.[0] } };
}
