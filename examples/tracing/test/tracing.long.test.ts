import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

test('prints one trace through host, plugin and the plugin’s plugin, as its README says', async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [path('dist/host.js')]);
  expect(stderr).toBe('');
  const readme = await readFile(path('README.md'), 'utf8');
  const promised = readme.slice(readme.indexOf('It prints:')).match(/(?:^ {4}.*\n)+/m)?.[0] ?? '';
  expect(stdout).toBe(promised.replace(/^ {4}/gm, ''));
});
