import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { languages, type Language } from './support/internals.ts';
import { inProcess, pipework, root, run } from './support/run.ts';

const catalog = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8');

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pipework-new-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const manifestIn = (path: string): Manifest => JSON.parse(readFileSync(path, 'utf8')) as Manifest;
const { version } = manifestIn(join(root, 'packages/cli/package.json'));

const argumentsFor = (language: Language): string[] =>
  language === 'typescript' ? [] : ['--language', language];

describe.each(languages)('new in %s', (language) => {
  test('makes a contract, a plugin, a host and tests, and names them after the folder', async () => {
    const folder = join(emptyFolder(), 'deep/my-app');
    const { status, stdout, stderr } = await pipework(['new', ...argumentsFor(language), folder]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const files = filesIn(folder);
    expect(stdout).toContain(`Made the workspace my-app: ${files.length} files.`);
    expect(files).toContain('.gitignore');
    const extension = language === 'typescript' ? 'ts' : 'js';
    for (const path of ['contract/src/index', 'plugin/src/main', 'host/src/dev', 'tests/plugin.test'])
      expect(files).toContain(`${path}.${extension}`);
    expect(files.filter((path) => /node_modules|dist|_gitignore/.test(path))).toEqual([]);
    for (const path of files)
      expect(readFileSync(join(folder, path), 'utf8'), path).not.toMatch(/(type|java)script-app/);
    expect(manifestIn(join(folder, 'package.json')).name).toBe('my-app');
    expect(manifestIn(join(folder, 'plugin/package.json'))).toMatchObject({
      name: '@my-app/plugin',
      dependencies: { '@pipework/core': `^${version}`, '@my-app/contract': 'workspace:*' },
    });
  });

  test('makes a workspace that depends on the tested versions of other packages', () => {
    const folder = join(root, 'packages/cli/templates', language);
    const manifests = filesIn(folder).filter((path) => /^(\w+\/)?package\.json$/.test(path));
    const wanted = manifests.flatMap((path) => {
      const { dependencies = {}, devDependencies = {} } = manifestIn(join(folder, path));
      return Object.entries({ ...dependencies, ...devDependencies });
    });
    for (const [name, range] of wanted.filter(([, one]) => one !== 'workspace:*'))
      expect(catalog, name).toMatch(new RegExp(`^ {2}'?${name}'?: ${range.replace('^', '\\^')}$`, 'm'));
  });
});

test('the workspace that `pipework new` creates runs', async () => {
  const folder = join(emptyFolder(), 'my-app');
  await inProcess(['new', '--language', 'javascript', folder]);
  // Links the packages of this repository into the workspace, as an install would link published ones.
  const link = (target: string, at: string): void => {
    mkdirSync(dirname(join(folder, at)), { recursive: true });
    symlinkSync(target, join(folder, at));
  };
  for (const name of ['core', 'fleet']) link(join(root, 'packages', name), `node_modules/@pipework/${name}`);
  for (const name of ['contract', 'plugin']) link(join(folder, name), `node_modules/@my-app/${name}`);
  expect(await run(['node', 'host/src/main.js'], { cwd: folder })).toEqual({
    status: 0,
    stdout: 'Hello, world!\nHello, moon!\n1\n2\n3\n',
    stderr: '',
  });
});

describe('`pipework new` refuses, with status 2 and without a change,', () => {
  test.each([
    ['a folder with files', ['full'], '"full" is not empty: it has "a" and 1 more'],
    ['a file', ['full/a'], '"full/a" exists already, and is not a directory'],
    ['a place below a file', ['full/a/b'], '"full/a/b" cannot be used: ENOTDIR'],
    ['a folder whose name cannot be a package name', ['My App'], 'DIR: expected a package name'],
    ['a --name that cannot be a package name', ['--name', '../x', 'new'], '--name: expected a package name'],
    ['an empty text', [''], 'expected DIR; got an empty text'],
    ['nothing', [], 'expected DIR; got nothing'],
    ['two folders', ['one', 'two'], 'unexpected argument "two"'],
    [
      'an unknown language',
      ['--language', 'rust', 'new'],
      '--language: expected typescript or javascript; got',
    ],
  ])('%s', async (_, args, message) => {
    const folder = emptyFolder();
    mkdirSync(join(folder, 'full'));
    for (const name of ['a', 'b']) writeFileSync(join(folder, 'full', name), '');
    const ran = await inProcess(['new', ...args], { cwd: folder });
    expect(ran.stderr).toContain(message);
    expect(ran.stdout).toBe('');
    expect(ran.status).toBe(2);
    expect(filesIn(folder)).toEqual(['full/a', 'full/b']);
  });
});

// In a place that allows no folders, a recursive mkdir of Node 20 never returns.
test.skipIf(process.platform !== 'linux')('`new` refuses a place that allows no folders', async () => {
  const { status, stderr } = await inProcess(['new', '/proc/nope']);
  expect(stderr).toContain('"/proc/nope" cannot be used: ENOENT');
  expect(status).toBe(2);
});

test('`pipework new` accepts a folder that contains only .git, and accepts another name', async () => {
  const folder = emptyFolder();
  mkdirSync(join(folder, '.git'));
  const ran = await inProcess(['new', '--name', 'other', '.'], { cwd: folder });
  expect(ran.status).toBe(0);
  expect(ran.stdout).not.toContain('cd ');
  expect(manifestIn(join(folder, 'host/package.json')).name).toBe('@other/host');
});

test('`pipework new` quotes the name of the folder for a shell', async () => {
  const ran = await inProcess(['new', '--name', 'other', '$HOME `id`'], { cwd: emptyFolder() });
  expect(ran.stdout).toContain("\n  cd '$HOME `id`'\n");
});

test('`npm create pipework` runs `pipework new`', async () => {
  const folder = join(emptyFolder(), 'my-app');
  const create = join(root, 'packages/create-pipework/dist/bin.js');
  const ran = await run([process.execPath, create, folder, '--language', 'javascript']);
  expect(ran.status).toBe(0);
  expect(existsSync(join(folder, 'jsconfig.json'))).toBe(true);
});
