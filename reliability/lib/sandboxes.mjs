// The ways in which a machine can forbid the network. Each is tried before it is used. If one does not work,
// its `obstacle` says why.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runSealed, whyNotSealed } from './seal.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const plugin = fileURLToPath(new URL('../fixtures/plugin.mjs', import.meta.url));
const permission = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';
const unshare = ['unshare', '--map-root-user', '--net'];
const bwrap = [
  'bwrap',
  '--unshare-all',
  '--die-with-parent',
  '--ro-bind',
  '/',
  '/',
  '--proc',
  '/proc',
  '--dev',
  '/dev',
];
const limited = [process.execPath, permission, `--allow-fs-read=${root}*`];

const refusal = (command) => {
  const { status, error, stderr } = spawnSync(command[0], [...command.slice(1), 'true'], {
    encoding: 'utf8',
  });
  if (status === 0) return undefined;
  return error
    ? `${command[0]} does not start (${error.message})`
    : `${command[0]} was refused: ${stderr.trim()}`;
};

// On Node 20 and 22, the permission model prints a warning that it is experimental.
const env = { ...process.env, NODE_NO_WARNINGS: '1' };
const spawned = (command) =>
  spawnSync(command[0], command.slice(1), { encoding: 'utf8', timeout: 60_000, env });

/** `wrap(session)` runs the session's program in the sandbox. */
export function sandboxes() {
  return [
    {
      name: 'under seccomp, which ends a process that calls socket, connect, bind, listen or accept',
      obstacle: whyNotSealed(),
      wrap: (session) => runSealed([process.execPath, session], { stdio: 'pipe', encoding: 'utf8' }),
    },
    {
      name: 'in an empty network namespace (unshare --net)',
      obstacle: refusal(unshare),
      wrap: (session) => spawned([...unshare, process.execPath, session]),
    },
    {
      name: 'in bubblewrap with all namespaces unshared and all files read-only',
      obstacle: refusal(bwrap),
      wrap: (session) => spawned([...bwrap, process.execPath, session]),
    },
    {
      name: `with the plugin under Node's permission model (${permission}, which forbids writing, children and addons)`,
      obstacle: undefined,
      wrap: (session) => spawned([process.execPath, session, ...limited, plugin]),
    },
    {
      name: `with both sides under Node's permission model (the host may start children)`,
      obstacle: undefined,
      wrap: (session) => spawned([...limited, '--allow-child-process', session, ...limited, plugin]),
    },
  ];
}
