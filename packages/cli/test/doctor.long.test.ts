import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type Check,
  checks,
  examine,
  nodeCheck,
  type Probes,
  realProbes,
  type Result,
  supportedNode,
  supportsNode,
} from './support/internals.ts';
import { bin, inProcess, pipework, run, type Ran } from './support/run.ts';

interface Finding {
  readonly name: string;
  readonly level: string;
  readonly found: string;
  readonly means: string;
  readonly todo?: string;
}

const node = process.execPath;
const permission = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';

/**
 * Runs `command`, which makes an environment and runs a harmless program in it. Returns the reason if this
 * fails; undefined if this machine can make the environment.
 */
function unmade(...command: readonly string[]): string | undefined {
  const [file = '', ...args] = command;
  return spawnSync(file, args).status === 0 ? undefined : `needs ${file}`;
}

const noBox = unmade('bwrap', '--dev-bind', '/', '/', 'true');
const noNamespace = unmade('unshare', '--pid', '--fork', '--mount-proc', 'true');
const noUserNamespace = unmade('unshare', '--user', '--map-root-user', 'true');

/** Runs one check of the doctor in the given surroundings. Returns the finding and the whole output. */
async function examined(
  name: string,
  { through = [], nodeFlags = [], env = {} }: Surroundings,
): Promise<{ finding: Finding; ran: Ran }> {
  const others = checks.map((check) => check.name).filter((one) => one !== name);
  const command = [...through, node, ...nodeFlags, bin, 'doctor', '--json', '--skip', others.join(',')];
  const ran = await run(command, { env });
  const { checks: findings } = JSON.parse(ran.stdout) as { checks: Finding[] };
  expect(findings.map((one) => one.name)).toEqual([name]);
  return { finding: findings[0]!, ran };
}

async function resultsOf(chosen: readonly Check[], probes: Probes): Promise<Result[]> {
  const results: Result[] = [];
  for await (const result of examine(chosen, probes)) results.push(result);
  return results;
}

test.skipIf(noBox !== undefined)(
  `the result of bubblewrap does not depend on the folder in which the doctor runs${noBox === undefined ? '' : ` (SKIPPED: ${noBox})`}`,
  async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'pipework-doctor-'));
    onTestFinished(() => rmSync(cwd, { recursive: true }));
    const others = checks.map((check) => check.name).filter((one) => one !== 'bubblewrap');
    const ran = await pipework(['doctor', '--skip', others.join()], '', {}, cwd);
    expect(ran.stdout).toMatch(/^ok {7}bubblewrap /);
    expect(ran.status).toBe(0);
  },
);

interface Surroundings {
  readonly through?: readonly string[];
  readonly nodeFlags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** Makes an executable file with this name and text. Returns its folder. */
function folderOf(name: string, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'pipework-doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, name);
  writeFileSync(file, content);
  chmodSync(file, 0o755);
  return folder;
}

/** Returns surroundings in which the first `node` of PATH is a shell script. */
const withNode = (script: string): Surroundings => ({
  env: { PATH: `${folderOf('node', `#!/bin/sh\n${script}\n`)}${delimiter}${process.env['PATH']}` },
});

const boxed = ['bwrap', '--dev-bind', '/', '/'];
const shell = process.platform === 'win32' ? '' : realpathSync('/bin/sh');

/** Returns surroundings in which the doctor may open `count` further descriptors. */
async function withFree(count: number): Promise<Surroundings> {
  const { finding } = await examined('descriptors', {});
  const used = Number(/uses (\d+)$/.exec(finding.found)?.[1]);
  return { through: ['/bin/sh', '-c', `ulimit -n ${used + count} && exec "$@"`, 'sh'] };
}

/**
 * Environments in which one part of the system does not work. Each environment is real, and no part of the
 * doctor is replaced.
 */
const environments: [
  what: string,
  name: string,
  surroundings: () => Surroundings | Promise<Surroundings>,
  expected: { level: string; found: RegExp; todo: RegExp },
  unmade?: string | undefined,
][] = [
  [
    'PATH has no node',
    'wrappers',
    () => ({ env: { PATH: '/nowhere' } }),
    { level: 'broken', found: /^there is no node in PATH$/, todo: /process\.execPath/ },
  ],
  [
    'the node in PATH is a wrapper that loses descriptors',
    'wrappers',
    () => withNode(`exec '${node}' "$@" 3<&- 4>&-`),
    {
      level: 'broken',
      found: /\/node does not pass on descriptors 3 and 4 \(.*E(BADF|INVAL)/,
      todo: /^put .* first in PATH/,
    },
  ],
  [
    'the node in PATH is too old',
    'wrappers',
    () => withNode('read -r word <&3; printf "18.20.8 $word" >&4'),
    { level: 'broken', found: /\/node is Node 18\.20\.8, which is not among/, todo: /^put .* first in PATH/ },
  ],
  [
    'there is no shell',
    'shell',
    () => ({ through: [...boxed, '--ro-bind', '/dev/null', shell] }),
    { level: 'limited', found: /^\/bin\/sh does not run \(.*(EACCES|ENOENT)/, todo: /a POSIX shell/ },
    noBox,
  ],
  [
    'there is no /proc',
    'proc',
    () => ({ through: [...boxed, '--tmpfs', '/proc'] }),
    { level: 'limited', found: /^there is no \/proc$/, todo: /mount -t proc/ },
    noBox,
  ],
  [
    '/proc belongs to another process namespace',
    'proc',
    () => ({ through: ['unshare', '--pid', '--fork'] }),
    { level: 'limited', found: /^\/proc belongs to another process namespace/, todo: /--mount-proc/ },
    noNamespace,
  ],
  [
    'the kernel makes no user namespaces',
    'namespaces',
    () => ({
      through: [
        ...['unshare', '--user', '--map-root-user', '/bin/sh', '-c'],
        ...['echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', 'sh'],
      ],
    }),
    { level: 'limited', found: /max_user_namespaces is 0/, todo: /^sysctl user\.max_user_namespaces=/ },
    noUserNamespace,
  ],
  [
    'PATH has no bwrap',
    'bubblewrap',
    () => ({ env: { PATH: '/nowhere' } }),
    { level: 'limited', found: /^there is no bwrap in PATH$/, todo: /install the package bubblewrap/ },
  ],
  [
    'bwrap cannot make its sandbox',
    'bubblewrap',
    () => ({ through: [...boxed, '--tmpfs', '/proc'] }),
    { level: 'limited', found: /bwrap starts no plugin \(.*bwrap: /, todo: /line on proc; .*systempaths/ },
    noBox,
  ],
  [
    'bwrap must not make namespaces',
    'bubblewrap',
    () => ({
      through: [
        ...['unshare', '--user', '--map-root-user', '/bin/sh', '-c'],
        ...[
          'echo 0 > /proc/sys/user/max_user_namespaces && echo 0 > /proc/sys/user/max_pid_namespaces && exec "$@"',
          'sh',
        ],
      ],
    }),
    { level: 'limited', found: /bwrap: .*new namespace/, todo: /^see the line on namespaces$/ },
    noUserNamespace ?? noBox,
  ],
  [
    "Node's permission model allows no programs",
    'permission',
    () => ({ nodeFlags: [permission, '--allow-fs-read=*'] }),
    { level: 'broken', found: /without --allow-child-process$/, todo: /^add --allow-child-process/ },
  ],
  [
    'NODE_OPTIONS prevents every plugin from running under the permission model',
    'permission',
    () => ({ env: { NODE_OPTIONS: `--import=file://${folderOf('empty.mjs', '')}/empty.mjs` } }),
    { level: 'limited', found: /^a plugin does not run with --[\w-]*permission \(/, todo: /NODE_OPTIONS/ },
  ],
  [
    'there is room for a plugin, but not for a pool',
    'descriptors',
    async () => await withFree(14),
    { level: 'limited', found: /^\d\d descriptors .* uses \d\d$/, todo: /ulimit -n/ },
  ],
  [
    'there is no room for a plugin',
    'descriptors',
    async () => await withFree(8),
    { level: 'broken', found: /^\d\d descriptors .* uses \d\d$/, todo: /ulimit -n/ },
  ],
  [
    'its own process is process 1',
    'init',
    () => ({ through: ['unshare', '--pid', '--fork', '--mount-proc'] }),
    { level: 'limited', found: /^this process is process 1/, todo: /--init/ },
    noNamespace,
  ],
];

describe.skipIf(process.platform !== 'linux')('doctor finds that', () => {
  for (const [what, name, surroundings, expected, why] of environments) {
    test.skipIf(why !== undefined)(`${what}${why === undefined ? '' : ` (SKIPPED: ${why})`}`, async () => {
      const { finding, ran } = await examined(name, await surroundings());
      expect(finding.found).toMatch(expected.found);
      expect(finding.todo).toMatch(expected.todo);
      expect(finding.means).not.toBe('');
      expect(finding.level).toBe(expected.level);
      expect(ran.status).toBe(1);
    });
  }

  test('each check, apart from node, fails in one of these environments', () => {
    const red = new Set(['node', ...environments.map(([, name]) => name)]);
    expect(checks.map(({ name }) => name).filter((name) => !red.has(name))).toEqual([]);
  });
});

describe('doctor', () => {
  test('accepts the versions of Node that package.json supports', () => {
    const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
    expect((JSON.parse(manifest) as { engines: { node: string } }).engines.node).toBe(supportedNode);
    const versions = ['18.20.8', '20.18.3', '20.19.0', '21.7.3', '22.11.0', '22.12.0', '23.0.0', '26.1.0'];
    expect(versions.filter(supportsNode)).toEqual(['20.19.0', '22.12.0', '23.0.0', '26.1.0']);
  });

  test('reports that Node is too old', async () => {
    const [result] = await resultsOf([nodeCheck], { ...realProbes({}), nodeVersion: '18.20.8' });
    expect(result).toMatchObject({ level: 'broken', todo: expect.stringContaining('install') as string });
  });

  test('every command prints the finding of the doctor if Node is too old to load the command', async () => {
    const age = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.8' } });
      delete process.getBuiltinModule;`;
    const old = ['--import', `data:text/javascript,${encodeURIComponent(age)}`];
    expect(await run([node, ...old, bin, 'doctor'])).toEqual({
      status: 1,
      stdout: '',
      stderr: `pipework: Node 18.20.8 is not among the supported versions, ${supportedNode}\n  to do: ${'install a supported version of Node, the newest with long-term support for example'}\n`,
    });
  });

  test('reports a check that throws, and continues with the other checks', async () => {
    const throws = { name: 'throws', run: () => JSON.parse('{') as never };
    const results = await resultsOf([throws, nodeCheck], realProbes({}));
    expect(results.map(({ level }) => level)).toEqual(['broken', 'ok']);
    expect(results[0]?.found).toMatch(/^the check failed: .*JSON/);
  });

  test('leaves out the checks that --skip names, and refuses an unknown name', async () => {
    const few = checks.map(({ name }) => name).filter((name) => name !== 'init');
    const { stdout, status } = await inProcess(['doctor', '--skip', few.join()]);
    expect(stdout).toMatch(/^ok {7}init .*\n.*\n\n1 checks?: 1 ok\n$/);
    expect(status).toBe(0);
    const refused = await inProcess(['doctor', '--skip', 'nope']);
    expect(refused.stderr).toContain('--skip: expected some of node, wrappers');
    expect(refused.status).toBe(2);
  });
});
