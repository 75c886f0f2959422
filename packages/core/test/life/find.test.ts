import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { discover, discoverPackages } from '../../src/index.ts';
import {
  failure,
  fixture,
  isWindows,
  noFifos,
  noLinks,
  noModes,
  plugin,
  slashed,
  skipUnless,
  until,
} from '../support/life.ts';

/** Makes the name of an executable file. On Windows, the extension makes a file executable. */
const exe = (name: string): string => (isWindows ? `${name}.cmd` : name);

let root = '';
const put = async (path: string, content = '', mode = 0o644): Promise<void> => {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
  await chmod(join(root, path), mode);
};

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'pipework-find-')));
  await put(exe('bin/tool-b'), '#!/bin/sh\n', 0o755);
  await put(exe('bin/tool-a'), '#!/bin/sh\n', 0o755);
  await put('bin/tool-plain', 'text');
  await put(exe('out/tool-out'), '#!/bin/sh\n', 0o755);
  await put('bin/other', '#!/bin/sh\n', 0o755);
  await mkdir(join(root, 'bin/tool-directory'));
  if (!noFifos) execFileSync('mkfifo', [join(root, 'bin/tool-pipe')]);
  if (noLinks) return;
  await symlink(join(root, 'nowhere'), join(root, 'bin/tool-dangling'));
  await symlink(join(root, 'bin/other'), join(root, 'bin/tool-link'));
});
afterAll(() => rm(root, { recursive: true }));

describe('discover()', () => {
  test('finds executable files, as absolute paths, sorted', async () => {
    const found = await discover('tool-*', join(root, 'bin'));
    const names = [exe('tool-a'), exe('tool-b'), ...(noLinks ? [] : ['tool-link'])];
    expect(found).toEqual(names.map((name) => join(root, 'bin', name)));
    expect(await discover('tool-*', relative('.', join(root, 'bin')))).toEqual(found);
    expect(await discover('bin/**/tool-*', root)).toEqual(found);
  });

  test('refuses a pattern that would take too long to match', async () => {
    const error = await failure(discover(`${'*a'.repeat(30)}b`, join(root, 'bin')));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toMatch(
      /^the pattern of discover\(\) must be simpler: it has more than 3 wildcards/,
    );
  });

  test('passes the reason to onSkip if it leaves out a file', async () => {
    const skipped: Record<string, string> = {};
    await discover('tool-*', join(root, 'bin'), {
      onSkip: (path, reason) => (skipped[relative(join(root, 'bin'), path)] = reason),
    });
    expect(skipped).toEqual({
      'tool-plain': isWindows
        ? 'its extension is not one of PATHEXT'
        : 'it is not executable by this process',
      'tool-directory': 'it is a directory',
      ...(noLinks ? {} : { 'tool-dangling': 'it does not exist, or is a link to nothing' }),
      ...(noFifos ? {} : { 'tool-pipe': 'it is not a regular file' }),
    });
  });

  test('leaves out files outside of the directory if contained is true', async () => {
    const bin = join(root, 'bin');
    const skipped: Record<string, string> = {};
    const options = { contained: true, onSkip: (path: string, reason: string) => (skipped[path] = reason) };
    const inside = join(bin, exe('tool-a'));
    expect(await discover('tool-a*', bin, options)).toEqual([inside]);
    expect(await discover('../out/*', bin, options)).toEqual([]);
    expect(await discover(`${slashed(root)}/out/tool-*`, bin, options)).toEqual([]);
    expect(skipped).toMatchObject({ [root]: `it is outside of ${bin}` });
    const outside = join(root, exe('out/tool-out'));
    expect(await discover('../out/*', bin)).toEqual([outside]);
  });

  test.skipIf(noLinks)(`with contained, leaves out files below a link that leads out${noLinks}`, async () => {
    const bin = join(root, 'bin');
    const skipped: Record<string, string> = {};
    const options = { contained: true, onSkip: (path: string, reason: string) => (skipped[path] = reason) };
    await symlink(root, join(bin, 'up'));
    expect(await discover('tool-link', bin, options)).toEqual([join(bin, 'tool-link')]);
    expect(await discover('up/out/*', bin, options)).toEqual([]);
    expect(skipped).toMatchObject({
      [join(bin, 'up/out')]: `a link on its path leads out of ${bin}, to ${join(root, 'out')}`,
    });
    await rm(join(bin, 'up'));
  });

  test.skipIf(noModes)(
    `leaves out files that users other than the owner and root can write to${noModes}`,
    async () => {
      const skipped: Record<string, string> = {};
      const search = (): Promise<string[]> =>
        discover('**/*', join(root, 'open'), {
          onSkip: (path, reason) => (skipped[relative(join(root, 'open'), path)] = reason),
        });
      await put('open/fine/plugin', '', 0o755);
      await put('open/world', '', 0o757);
      await put('open/all/plugin', '', 0o755);
      await chmod(join(root, 'open/all'), 0o777);
      // On a directory, the sticky bit keeps users from replacing files of other users. On a file, it has no
      // effect.
      await put('open/sticky', '', 0o1757);
      // Other users may replace this link. The link `chain` leads through this link, and would then have
      // another target.
      await symlink('../fine/plugin', join(root, 'open/all/link'));
      await symlink('all/link', join(root, 'open/chain'));
      await mkdir(join(root, 'open/shared'));
      await chmod(join(root, 'open/shared'), 0o1777);
      await symlink('../fine/plugin', join(root, 'open/shared/link'));
      const fine = ['fine/plugin', 'shared/link'].map((path) => join(root, 'open', path));
      expect(await search()).toEqual(fine);
      const ofAll = `others than its owner and root can write to ${join(root, 'open/all')}`;
      expect(skipped).toMatchObject({
        world: 'others than its owner and root can write to it',
        sticky: 'others than its owner and root can write to it',
        'all/plugin': ofAll,
        'all/link': ofAll,
        chain: ofAll,
      });
    },
  );

  const noSuchNames = skipUnless(!isWindows, 'Windows has no such names of files');
  const asText = `gives reasons that a terminal prints as text, whatever the names of links are${noSuchNames}`;
  test.skipIf(noSuchNames)(asText, async () => {
    const reasons: string[] = [];
    await put('escape/\u001b[2J/plugin', '', 0o755);
    await mkdir(join(root, 'escape/in'));
    await symlink('../\u001b[2J/plugin', join(root, 'escape/in/link'));
    const onSkip = (_path: string, reason: string): void => void reasons.push(reason);
    await discover('*', join(root, 'escape/in'), { contained: true, onSkip });
    expect(reasons).toEqual([expect.stringContaining('/\\x1b[2J/plugin')]);
  });

  test('returns an empty list if no file matches, and fails if the directory does not exist', async () => {
    expect(await discover('x-*', root)).toEqual([]);
    expect((await failure(discover('*', join(root, 'nowhere')))).code).toBe('DISCOVER_UNREADABLE');
    expect((await failure(discover('*', join(root, 'bin/other')))).message).toContain('not a directory');
  });
});

test.each([
  [null, 'options must be an object of onSkip'],
  [{ onskip: () => {} }, 'not onskip'],
  [{ onSkip: 5 }, 'onSkip must be a function; got 5'],
])('discover() and discoverPackages() refuse %o as options', async (options, message) => {
  for (const search of [discover('*', root, options as object), discoverPackages(root, options as object)])
    await expect(search).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(message) as string,
    });
});

describe('a checksum', () => {
  test('accepts a file that has the digest', async () => {
    const file = fixture('greets');
    const value = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
    const greeter = await (
      await plugin('greets', { checksum: { file, algorithm: 'sha256', value } }).client()
    ).dispense('greeter');
    expect(await greeter.greet('x')).toBe('Hello, x!');
  });

  test('refuses a file with another digest before any process starts', async () => {
    const client = plugin('greets', {
      checksum: { file: fixture('greets'), algorithm: 'sha256', value: 'ab'.repeat(32) },
    });
    const error = await failure(client.start());
    expect(error).toMatchObject({ code: 'PLUGIN_CHECKSUM', phase: 'checksum', permanent: true });
    expect(error.message).toMatch(/checksums did not match: .* has sha256 [0-9a-f]{64}, expected (ab){32}/);
    expect(client.pid).toBeUndefined();
    expect(await client.exit).toMatchObject({ by: 'none' });
  });

  test('is checked against the program itself if no file is named', async () => {
    const wrong = plugin('greets', { checksum: { algorithm: 'sha256', value: new Uint8Array(32) } });
    expect((await failure(wrong.start())).message).toContain(process.execPath);
  });

  test.skipIf(noFifos)(`of a pipe or a device is refused, and blocks nothing${noFifos}`, async () => {
    const fifo = join(root, 'fifo');
    execFileSync('mkfifo', [fifo]);
    for (const file of [fifo, '/dev/zero']) {
      const checksum = { file, algorithm: 'sha256', value: new Uint8Array(32) } as const;
      const error = await failure(plugin('greets', { checksum }).start());
      expect(error.code).toBe('PLUGIN_CHECKSUM');
      expect(error.message).toContain('it is not a regular file');
    }
    await until(() => !process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq')));
  });

  test('reads no more of the file after the start has timed out', async () => {
    const file = join(root, 'endless');
    await writeFile(file, '');
    // The file has 16 GiB of holes: it uses no block on the disk, but takes ten seconds to read.
    await truncate(file, 2 ** 34);
    const checksum = { file, algorithm: 'sha256', value: new Uint8Array(32) } as const;
    const error = await failure(plugin('greets', { checksum, startTimeout: 100 }).start());
    expect(error).toMatchObject({ code: 'HANDSHAKE_TIMEOUT', phase: 'checksum' });
    await until(() => !process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq')));
  });
});
