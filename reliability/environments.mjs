// environments.mjs: runs one whole session in each of the environments below. If the machine cannot make an
// environment, prints NOT RUN for it.
// - as PID 1
// - without /proc
// - without a shell
// - without a network, with all files read-only
// - with the host under Node's permission model
// - with the plugin under Node's permission model
// - in a project of Yarn's Plug'n'Play (npx fetches Yarn)
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const node = process.execPath;
const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const session = [node, file('./fixtures/session.mjs')];
const permission = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';
const boxed = ['bwrap', '--die-with-parent', '--bind', '/', '/', '--dev', '/dev'];
const readOnly = ['bwrap', '--die-with-parent', '--unshare-all', '--ro-bind', '/', '/', '--dev', '/dev'];
const limited = [permission, '--allow-fs-read=*'];

const environments = {
  'as PID 1': ['unshare', '--pid', '--fork', '--mount-proc', ...session],
  'without /proc': [...boxed, '--tmpfs', '/proc', ...session],
  'without a shell': [
    ...boxed,
    ...['--proc', '/proc', '--ro-bind', '/dev/null', realpathSync('/bin/sh')],
    ...session,
  ],
  'without a network, everything read-only': [...readOnly, '--proc', '/proc', ...session],
  [`host under ${permission}`]: [node, ...limited, '--allow-child-process', session[1]],
  [`plugin under ${permission}`]: [...session, node, ...limited, file('./fixtures/plugin.mjs')],
};

for (const [name, [command, ...args]] of Object.entries(environments)) {
  const { error, status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 60_000 });
  report(name, error ?? (stdout === 'done\n' && status === 0 ? undefined : `status ${status}\n${stderr}`));
}
report("in a project of Yarn's Plug'n'Play", plugAndPlay());

function report(name, problem) {
  if (problem?.code === 'ENOENT') return console.log(`NOT RUN ${name}: ${problem.message}`);
  console.log(`${problem === undefined ? 'ok     ' : 'FAILED '} ${name}`);
  if (problem === undefined) return;
  console.log(problem);
  process.exitCode = 1;
}

/**
 * Runs a host in a project with Yarn's Plug'n'Play. Returns the failure; undefined if there was none. The
 * host starts its plugin three times: with all environment variables, with PATH and NODE_OPTIONS, and with
 * PATH alone. The third start must fail with an error whose notes name `env.inherit`.
 */
function plugAndPlay() {
  const folder = mkdtempSync(join(tmpdir(), 'pipework-pnp-'));
  const yarn = (...args) =>
    execFileSync('npx', ['-y', '-p', '@yarnpkg/cli-dist', 'yarn', ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
  try {
    const packed = Object.fromEntries(
      ['core', 'mux'].map((name) => {
        const into = join(folder, `${name}.tgz`);
        execFileSync('npx', ['-y', 'pnpm@12', 'pack', '--out', into], { cwd: file(`../packages/${name}`) });
        return [`@pipework/${name}`, `file:${into}`];
      }),
    );
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ private: true, type: 'module', dependencies: packed, resolutions: packed }),
    );
    writeFileSync(join(folder, '.yarnrc.yml'), 'nodeLinker: pnp\nenableGlobalCache: false\n');
    writeFileSync(join(folder, 'yarn.lock'), '');
    writeFileSync(
      join(folder, 'plugin.mjs'),
      `import { serve } from '@pipework/core/plugin';
await serve({ plugins: { greeter: () => ({ greet: (name) => 'Hello, ' + name }) } });`,
    );
    writeFileSync(
      join(folder, 'host.mjs'),
      `import { Client } from '@pipework/core';
for (const inherit of [true, ['PATH', 'NODE_OPTIONS'], ['PATH']]) {
  const client = new Client({ cmd: [process.execPath, 'plugin.mjs'], env: { inherit } });
  const said = await client.client().then(
    async (rpc) => (await rpc.dispense('greeter')).greet('pnp'),
    (error) => error.notes.join(),
  );
  console.log(said);
  await client.kill();
}`,
    );
    yarn('install');
    const lines = yarn('node', 'host.mjs').trim().split('\n');
    const isRight =
      lines[0] === 'Hello, pnp' && lines[1] === 'Hello, pnp' && lines[2]?.includes('name it in env.inherit');
    return isRight ? undefined : lines.join('\n');
  } catch (error) {
    return error.code === 'ENOENT' ? error : `${error.message}\n${error.stdout}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
