import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { exitStatuses, main } from '@pipework/cli';
import { expect, test } from 'vitest';
import { root } from './pages.ts';

test('docs/cli.md lists exactly the exit statuses of the command line', () => {
  const page = readFileSync(root + 'docs/cli.md', 'utf8');
  const rows = [...page.matchAll(/^\| +(\d+) \| (.+?) +\|$/gm)].map(([, status, meaning]) => [
    Number(status),
    meaning,
  ]);
  expect(rows).toEqual(Object.values(exitStatuses));
});

test('docs/cli.md has a heading for each command, and a row for each option of a command', async () => {
  const page = readFileSync(root + 'docs/cli.md', 'utf8');
  const printed = async (...args: string[]): Promise<string> => {
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    const io = {
      stdin: () => new PassThrough(),
      stdout,
      stderr,
      env: {},
      cwd: root,
      onInterrupt: () => () => {},
    };
    expect(await main(args, io)).toBe(0);
    return String(stdout.read());
  };
  const overview = await printed('--help');
  const commands = [...(/Commands:\n([\s\S]*?)\n\n/.exec(overview)?.[1] ?? '').matchAll(/^ {2}(\w+)/gm)];
  expect(commands.length).toBeGreaterThan(5);
  for (const [, command = ''] of commands) {
    expect(page).toContain(`\n## ${command}\n`);
    const options = [...(await printed(command, '--help')).matchAll(/^ {2}--([\w-]+)/gm)].map(([, name]) =>
      String(name),
    );
    for (const option of options.filter((name) => name !== 'help'))
      expect(page, command).toMatch(
        new RegExp(`^\\| \`--${option}[ \`].*\\| .*(\`${command}\`|all but)`, 'm'),
      );
  }
});
