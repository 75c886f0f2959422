// Runs the exploring tests (of properties, schedules and damaged bytes), with far more runs than in the
// suite.
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const help = "the suite's explorations, with --times times as many runs";
export const defaults = { times: 20 };

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Returns the test files that import testing/explore.ts. If such a file is in a folder `support`, the list
 * has the parent of this folder instead of the file.
 */
const explorations = () =>
  execFileSync('git', ['grep', '-l', "/testing/explore.ts'", '--', 'packages', 'examples'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    .filter(Boolean)
    .map((file) => file.replace(/support\/[^/]+$/, ''));

export async function run(options, say = () => {}) {
  const { times } = { ...defaults, ...options };
  const files = explorations();
  const child = spawn(join(root, 'node_modules/.bin/vitest'), ['run', '--project=!core-general', ...files], {
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
  const findings = status === 0 ? [] : [`the explorations failed with exit code ${status}: see their output`];
  return { findings, figures: { files, tally: /^.* passed, .*$/m.exec(output)?.[0] } };
}
