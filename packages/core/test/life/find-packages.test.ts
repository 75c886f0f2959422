import { execFileSync, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Client, discover, discoverPackages, type DiscoverPackagesOptions } from '../../src/index.ts';
import {
  failure,
  fixture,
  isWindows,
  noFifos,
  noLinks,
  noModes,
  slashed,
  type Fixtures,
} from '../support/life.ts';

/** The name of an executable file. On Windows, the extension makes a file executable. */
const program = isWindows ? 'run.cmd' : 'run.sh';
const notExecutable = isWindows
  ? 'its extension is not one of PATHEXT'
  : 'it is not executable by this process';

let root = '';
const put = async (path: string, content = '', mode = 0o644): Promise<void> => {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
  await chmod(join(root, path), mode);
};
const manifest = (path: string, content: object): Promise<void> =>
  put(`${path}/package.json`, JSON.stringify(content));

/** Makes a FIFO, and a process that writes `content` to it as soon as a reader opens the FIFO. */
async function fifo(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  execFileSync('mkfifo', [join(root, path)]);
  const writer = spawn('/bin/sh', ['-c', 'printf %s "$0" > "$1"', content, join(root, path)]);
  onTestFinished(() => void writer.kill());
}

/** Returns the found files, as paths below the root, and the files that were left out, with the reasons. */
async function search(
  dir: string,
  options: DiscoverPackagesOptions = {},
): Promise<{ found: string[]; skipped: Record<string, string> }> {
  const skipped: Record<string, string> = {};
  const onSkip = (path: string, reason: string): void =>
    void (skipped[slashed(relative(root, path))] = reason);
  const found = await discoverPackages(join(root, dir), { ...options, onSkip });
  return { found: found.map(({ path }) => slashed(relative(root, path))), skipped };
}

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'pipework-packages-')));
  await put('ws/pnpm-workspace.yaml', 'packages:\n  - plugins/*\n  - "!plugins/private"\n');
  await put('ws/plugins/one/package.json', JSON.stringify({ name: '@x/one', pipework: './dist/plugin.js' }));
  await put('ws/plugins/one/dist/plugin.js');
  await put(
    'ws/plugins/two/package.json',
    JSON.stringify({ name: 'two', pipework: { plugin: program, order: 2 } }),
  );
  await put(`ws/plugins/two/${program}`, '#!/bin/sh\n', 0o755);
  await put('ws/plugins/missing/package.json', JSON.stringify({ name: 'missing', pipework: './nowhere.js' }));
  await put('ws/plugins/none/package.json', JSON.stringify({ name: 'none' }));
  await put('ws/plugins/broken/package.json', '{');
  await put('ws/plugins/odd/package.json', JSON.stringify({ pipework: 5 }));
  await put('ws/plugins/private/package.json', JSON.stringify({ name: 'private', pipework: './x.js' }));
});
afterAll(() => rm(root, { recursive: true }));

describe('discoverPackages()', () => {
  test('finds the plugins that the packages of a pnpm workspace declare, from any folder of the workspace', async () => {
    const skipped: string[] = [];
    const found = await discoverPackages(join(root, 'ws/plugins/one'), {
      onSkip: (path, reason) => skipped.push(`${slashed(relative(root, path))}: ${reason}`),
    });
    const plugins = join(root, 'ws/plugins');
    expect(found).toEqual([
      {
        name: '@x/one',
        directory: join(plugins, 'one'),
        path: join(plugins, 'one/dist/plugin.js'),
        cmd: [process.execPath, join(plugins, 'one/dist/plugin.js')],
        field: './dist/plugin.js',
      },
      {
        name: 'two',
        directory: join(plugins, 'two'),
        path: join(plugins, 'two', program),
        cmd: [join(plugins, 'two', program)],
        field: { plugin: program, order: 2 },
      },
    ]);
    expect(skipped.toSorted()).toEqual([
      expect.stringMatching(/^ws\/plugins\/broken\/package\.json: it cannot be read/),
      'ws/plugins/missing/nowhere.js: it does not exist, or is a link to nothing',
      'ws/plugins/none/package.json: it has no field "pipework"',
      expect.stringMatching(/^ws\/plugins\/odd\/package\.json: its field "pipework" is neither/),
    ]);
  });

  test('reads the field of package.json that the option `field` names, and fails outside of a workspace', async () => {
    expect(await discoverPackages(join(root, 'ws'), { field: 'other' })).toEqual([]);
    expect((await failure(discoverPackages('/'))).code).toBe('DISCOVER_UNREADABLE');
  });

  test('leaves out paths that lead out of their package, unless contained is false', async () => {
    await put('evil/plugin.mjs');
    await put('paths/pnpm-workspace.yaml', 'packages: ["packages/*"]');
    await manifest('paths/packages/up', { pipework: '../../../evil/plugin.mjs' });
    await manifest('paths/packages/absolute', { pipework: join(root, 'evil/plugin.mjs') });
    await manifest('paths/packages/right', { pipework: './src/../plugin.mjs' });
    await put('paths/packages/right/plugin.mjs');
    expect(await search('paths')).toEqual({
      found: ['paths/packages/right/plugin.mjs'],
      skipped: {
        'evil/plugin.mjs': expect.stringMatching(
          /^its path (is absolute|leads out of its package)/,
        ) as string,
      },
    });
    expect((await search('paths', { contained: false })).found).toHaveLength(3);
  });

  test.skipIf(noLinks)(`follows links out of a workspace only if contained is false${noLinks}`, async () => {
    await put('evil/plugin.mjs');
    await manifest('evil', { name: 'linked', pipework: 'plugin.mjs' });
    await put('contained/pnpm-workspace.yaml', 'packages: ["packages/*"]');
    await manifest('contained/packages/inner', { pipework: 'link.mjs' });
    await symlink('../../../evil/plugin.mjs', join(root, 'contained/packages/inner/link.mjs'));
    await symlink('../../evil', join(root, 'contained/packages/link'));
    await manifest('contained/packages/right', { pipework: './src/../plugin.mjs' });
    await put('contained/packages/right/plugin.mjs');

    const { found, skipped } = await search('contained');
    expect(found).toEqual(['contained/packages/right/plugin.mjs']);
    const contained = join(root, 'contained');
    expect(skipped).toEqual({
      'contained/packages/link/plugin.mjs': `a link on its path leads out of ${contained}, to ${join(root, 'evil')}`,
      'contained/packages/inner/link.mjs': `a link on its path leads out of ${contained}, to ${join(root, 'evil/plugin.mjs')}`,
    });
    expect((await search('contained', { contained: false })).found).toHaveLength(3);
  });

  test.skipIf(noLinks)(`searches below an outside link only if contained is false${noLinks}`, async () => {
    await put('walked/pnpm-workspace.yaml', 'packages: ["packages/**"]');
    await manifest('all/of/it', { pipework: 'plugin.mjs' });
    await put('all/of/it/plugin.mjs');
    await mkdir(join(root, 'walked/packages'));
    await symlink('../../all', join(root, 'walked/packages/link'));
    expect(await search('walked')).toEqual({ found: [], skipped: {} });
    const everything = await search('walked', { contained: false });
    expect(everything.found).toEqual(['walked/packages/link/of/it/plugin.mjs']);
  });

  test.skipIf(noModes)(
    `leaves out files that users other than the owner and root can write to${noModes}`,
    async () => {
      await put('open/pnpm-workspace.yaml', 'packages: ["*"]');
      await manifest('open/world', { pipework: 'plugin.mjs' });
      await put('open/world/plugin.mjs', '', 0o666);
      expect(await search('open')).toEqual({
        found: [],
        skipped: { 'open/world/plugin.mjs': 'others than its owner and root can write to it' },
      });
    },
  );

  test.skipIf(noFifos)(
    `reads a manifest only if it is a regular file of at most 8 MiB, and waits for no other process${noFifos}`,
    async () => {
      const content = JSON.stringify({ pipework: 'plugin.mjs' });
      await put('special/pnpm-workspace.yaml', 'packages: ["*"]');
      await fifo('special/pipe/package.json', content);
      await put('special/pipe/plugin.mjs');
      await mkdir(join(root, 'special/device'));
      await symlink('/dev/null', join(root, 'special/device/package.json'));
      await put('special/large/package.json', content);
      await truncate(join(root, 'special/large/package.json'), 2 ** 23 + 1);
      expect(await search('special')).toEqual({
        found: [],
        skipped: {
          'special/pipe/package.json': 'it cannot be read: it is not a regular file',
          'special/device/package.json': 'it cannot be read: it is not a regular file',
          'special/large/package.json': 'it cannot be read: it has more than 8388608 bytes',
        },
      });
    },
  );

  test.skipIf(noFifos)(`reads a workspace's package list only from a regular file${noFifos}`, async () => {
    await fifo('lists/pnpm-workspace.yaml', 'packages: ["other/*"]');
    await manifest('lists', { workspaces: ['plugins/*'] });
    for (const folder of ['plugins', 'other']) {
      await manifest(`lists/${folder}/one`, { pipework: 'plugin.mjs' });
      await put(`lists/${folder}/one/plugin.mjs`);
    }
    expect((await search('lists')).found).toEqual(['lists/plugins/one/plugin.mjs']);
    await fifo('inner/app/package.json', JSON.stringify({ workspaces: ['other/*'] }));
    await put('inner/pnpm-workspace.yaml', 'packages: ["plugins/*"]');
    for (const folder of ['plugins', 'app/other']) {
      await manifest(`inner/${folder}/one`, { pipework: 'plugin.mjs' });
      await put(`inner/${folder}/one/plugin.mjs`);
    }
    expect((await search('inner/app')).found).toEqual(['inner/plugins/one/plugin.mjs']);
  });

  test('finds the plugins that a deployed application has installed, and these plugins can be started', async () => {
    await manifest('app', { name: 'app' });
    await manifest('app/node_modules/plain', { name: 'plain' });
    await manifest('app/node_modules/greeter', { name: 'greeter', pipework: './dist/plugin.mjs' });
    await put(
      'app/node_modules/greeter/dist/plugin.mjs',
      `import ${JSON.stringify(pathToFileURL(fixture('greets')).href)};`,
    );
    await manifest('app/node_modules/.store/scoped', { name: '@x/scoped', pipework: 'plugin.js' });
    await put('app/node_modules/.store/scoped/plugin.js');
    await mkdir(join(root, 'app/node_modules/@x'));
    if (!noLinks) await symlink('../.store/scoped', join(root, 'app/node_modules/@x/scoped'));
    await manifest('app/node_modules/greeter/node_modules/inner', { pipework: 'x.js' });
    await mkdir(join(root, 'app/dist'));

    const { found, skipped } = await search('app/dist');
    expect(found).toEqual([
      ...(noLinks ? [] : ['app/node_modules/@x/scoped/plugin.js']),
      'app/node_modules/greeter/dist/plugin.mjs',
    ]);
    expect(skipped).toEqual({});
    const greeter = (await discoverPackages(join(root, 'app'))).at(-1);
    await using client = new Client<Fixtures>({ cmd: greeter!.cmd });
    expect(await (await (await client.client()).dispense('greeter')).greet('app')).toBe('Hello, app!');
  });

  test('treats an application in a folder of a workspace as deployed, if the application is not a package of the workspace', async () => {
    await manifest('ws/out/app', { name: 'app' });
    await manifest('ws/out/app/node_modules/p', { pipework: 'p.js' });
    await put('ws/out/app/node_modules/p/p.js');
    expect((await search('ws/out/app')).found).toEqual(['ws/out/app/node_modules/p/p.js']);
    await mkdir(join(root, 'ws/plugins/one/node_modules'));
    expect((await search('ws/plugins/one')).found).toHaveLength(2);
  });

  test.skipIf(isWindows)(
    'passes only printable texts to onSkip, because a package chooses them',
    async () => {
      await put('hostile/pnpm-workspace.yaml', 'packages: ["packages/*"]');
      await manifest('hostile/packages/a\u001b[2J\nb', {});
      await manifest('hostile/packages/c', { pipework: 'x\u001b[2J\ny.js' });
      const skipped: string[] = [];
      const onSkip = (path: string, reason: string): unknown => skipped.push(`${path}: ${reason}`);
      await discoverPackages(join(root, 'hostile'), { onSkip });
      await discover('packages/*', join(root, 'hostile'), { onSkip });
      expect(skipped).toHaveLength(4);
      expect(skipped.join('')).not.toContain('\u001b');
      expect(skipped.join('')).not.toContain('\n');
      expect(skipped.join('\n')).toContain(String.raw`a\x1b[2J\x0ab`);
    },
  );

  test('refuses a pattern of a workspace that would take too long to match', async () => {
    await manifest(`stars/packages/${'a'.repeat(200)}`, {});
    for (const pattern of [`packages/${'*a'.repeat(30)}b`, `!packages/${'*a'.repeat(30)}b`]) {
      await put('stars/pnpm-workspace.yaml', JSON.stringify({ packages: ['packages/*', pattern] }));
      const error = await failure(discoverPackages(join(root, 'stars')));
      expect(error.code).toBe('DISCOVER_UNREADABLE');
      expect(error.message).toContain(`${pattern} is too complex: it has more than 3 wildcards`);
    }
  });

  test('does not search where a pattern leads out of the workspace, unless contained is false', async () => {
    await manifest('beside', { pipework: 'plugin.mjs' });
    await put('beside/plugin.mjs');
    await manifest('leading/packages/one', { pipework: 'plugin.mjs' });
    await put('leading/packages/one/plugin.mjs');
    await manifest('leading/packages/two', { pipework: 'plugin.mjs' });
    await put('leading/packages/two/plugin.mjs');
    const patterns = ['packages/*', '../beside', `${slashed(root)}/beside`, '!../x', '!../leading/*/two'];
    await put('leading/pnpm-workspace.yaml', JSON.stringify({ packages: patterns }));
    const { found, skipped } = await search('leading');
    expect(found).toEqual(['leading/packages/one/plugin.mjs']);
    expect(skipped['beside']).toMatch(/^the workspace's pattern ".*beside" leads out of /);
    expect(skipped).not.toHaveProperty(['beside/plugin.mjs']);
    expect((await search('leading', { contained: false })).found).toHaveLength(2);
  });

  test('searches a workspace without a node_modules, even if a directory above it is an application', async () => {
    await manifest('home', { name: 'home' });
    await mkdir(join(root, 'home/node_modules'));
    await put('home/ws/pnpm-workspace.yaml', 'packages: ["packages/*"]');
    await manifest('home/ws/packages/one', { pipework: 'plugin.mjs' });
    await put('home/ws/packages/one/plugin.mjs');
    expect((await search('home/ws')).found).toEqual(['home/ws/packages/one/plugin.mjs']);
    expect((await search('home/ws/packages/one')).found).toEqual(['home/ws/packages/one/plugin.mjs']);
  });

  test('finds a TypeScript plugin if this Node strips types, and otherwise says why it is left out', async () => {
    await put('ts/pnpm-workspace.yaml', 'packages: ["*"]');
    for (const name of ['plugin.ts', 'plugin.mts', 'types.d.ts']) {
      await manifest(`ts/${name}`, { pipework: name });
      await put(`ts/${name}/${name}`);
    }
    const { found, skipped } = await search('ts');
    expect(skipped).toMatchObject({ 'ts/types.d.ts/types.d.ts': notExecutable });
    if ((process.features as { typescript?: unknown }).typescript) {
      expect(found).toEqual(['ts/plugin.mts/plugin.mts', 'ts/plugin.ts/plugin.ts']);
    } else {
      expect(skipped['ts/plugin.ts/plugin.ts']).toContain(
        'which this Node does not run (22.18 and later do)',
      );
    }
  });
});
