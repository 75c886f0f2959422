import { describe, expect, test } from 'vitest';
import { readPackageList } from './workspace.ts';

describe('the packages of a pnpm workspace', () => {
  test.each([
    [
      'packages:\n  - packages/*\n  - "apps/*" # the apps\n  - \'!**/test/**\'\ncatalog:\n  - x\n',
      ['packages/*', 'apps/*', '!**/test/**'],
    ],
    ['packages: [a, "b/*"]\n', ['a', 'b/*']],
    ['some: &list [a]\npackages: *list\n', ['a']],
    ['packages:\n- "a,b/*"\n-\n  c\n', ['a,b/*', 'c']],
    ['# nothing\ncatalog: {}\n', []],
    ['packages: ["", "!", a]\n', ['a']],
    ['', []],
  ])('are read from %j', async (yaml, packages) => {
    expect(await readPackageList(yaml, 'pnpm-workspace.yaml')).toEqual(packages);
  });

  test('cannot be read if the file is not YAML, and the error names the file', async () => {
    await expect(readPackageList('packages: [', '/ws/pnpm-workspace.yaml')).rejects.toMatchObject({
      code: 'DISCOVER_UNREADABLE',
      message: expect.stringMatching(/^\/ws\/pnpm-workspace\.yaml cannot be read: /) as string,
    });
  });
});
