/**
 * Turns a policy into the flags of a runtime's permission model, and lists the parts of the policy that the
 * model cannot enforce. This file is pure.
 */

import type { Policy } from './options.ts';
import type { Place } from './paths.ts';
import { optionsOf, type Program } from './program.ts';
import { isLoaderVariable } from './system.ts';

/** How a permission model enforces a policy. */
export interface RuntimePlan {
  readonly args: readonly string[];
  /**
   * One sentence for each part of the policy that the model cannot enforce. If there are any, the plugin is
   * not started.
   */
  readonly problems: readonly string[];
}

/** The permissions to grant. */
export interface Grants {
  readonly policy: Policy;
  readonly read: readonly Place[];
  readonly write: readonly Place[];
}

/**
 * Returns the listed name and the real name of each place. A listed place may be a link, and the program may
 * use either name.
 */
function namesOf(places: readonly Place[]): string[] {
  return [...new Set(places.flatMap(({ given, real }) => [given, real]))];
}

function commonProblems({ policy, read, write }: Grants, program: Program, model: string): string[] {
  const odd = namesOf([...read, ...write]).find((path) => /[*,]/.test(path));
  const own = optionsOf(program).find((word) => grants.test(word.replaceAll('_', '-')));
  const loaded = policy.env.find(isLoaderVariable);
  const whole = [...read, ...write].find(({ real }) => real === '/');
  return [
    ...(policy.run
      ? [`run: true would let the plugin start programs outside of ${model}, with all the host's rights`]
      : []),
    ...(odd === undefined ? [] : [`${odd}: ${model} would read a path with * or , as several paths`]),
    ...(whole === undefined
      ? []
      : [`${whole.given} includes /proc, which shows other processes, and ${model} cannot leave it out`]),
    ...(loaded === undefined ? [] : [`env: ${loaded} could load code to which ${model} does not apply`]),
    ...(own === undefined
      ? []
      : [`the command grants permissions itself (${own}): list these permissions in isolated() instead`]),
  ];
}

/**
 * Matches arguments by which a command would extend or choose its own permissions. Node also accepts options
 * with _ instead of -, and reads more options from files that the arguments name. With `--run`, Node runs a
 * script of package.json without its permission model. Deno accepts several letters after one dash.
 */
const grants =
  /^(--allow-|-[a-z]*[ARWNESIP]+[a-zA-Z]*($|=)|--(no-)?(experimental-)?permission|--run($|=)|--env($|=|-file)|--experimental-(default-)?config-file|--unstable-ffi)/;

/** The first version of Node whose model covers the network. */
export const firstWithNet = 25;

/**
 * Returns the arguments for Node's permission model in `version`, such as `20.19.0`. `hasPipes` says whether
 * a plugin may open its pipes if the network is denied.
 */
export function nodePlan(
  grantsGiven: Grants,
  program: Program,
  version: string,
  hasPipes: boolean,
): RuntimePlan {
  const { policy, read, write } = grantsGiven;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const model = `the permission model of Node ${version}`;
  const isFinal = major >= 24 || (major === 23 && minor >= 5) || (major === 22 && minor >= 13);
  const problems = [
    ...commonProblems(grantsGiven, program, model),
    ...(major < 20 ? [`Node ${version} has no permission model; Node 20 and later versions have one`] : []),
    ...(!policy.net && major < firstWithNet
      ? [`net: false: ${model} cannot deny the network; the model of Node ${firstWithNet} can`]
      : []),
    ...(!policy.net && major >= firstWithNet && !hasPipes
      ? [`net: false: ${model} denies not only the network, but also the pipes of a plugin`]
      : []),
    ...(policy.env.includes('NODE_OPTIONS') ? ['env: NODE_OPTIONS could grant what is not listed'] : []),
  ];
  const args = [
    isFinal ? '--permission' : '--experimental-permission',
    ...namesOf([...read, ...write]).map((path) => `--allow-fs-read=${path}`),
    ...namesOf(write).map((path) => `--allow-fs-write=${path}`),
    ...(policy.net && major >= firstWithNet ? ['--allow-net'] : []),
    ...program.args,
  ];
  return { args, problems };
}

/** The variable that makes Deno ask another program for permissions, instead of obeying its flags. */
const broker = 'DENO_PERMISSION_BROKER_PATH';

/**
 * Returns the arguments for Deno. The plugin may read all of Deno's environment, which has only listed
 * variables.
 */
export function denoPlan(grantsGiven: Grants, program: Program): RuntimePlan {
  const { policy, read, write } = grantsGiven;
  const problems = commonProblems(grantsGiven, program, "Deno's permission model");
  if (policy.env.includes(broker)) problems.push(`env: ${broker} could grant what is not listed`);
  const [first, ...rest] = program.args;
  const behind = first === 'run' ? rest : program.args;
  const list = (flag: string, paths: readonly string[]): string[] =>
    paths.length === 0 ? [] : [`${flag}=${paths.join(',')}`];
  const args = [
    'run',
    '--no-prompt',
    ...list('--allow-read', namesOf([...read, ...write])),
    ...list('--allow-write', namesOf(write)),
    '--allow-env',
    // An import may be a network request too.
    ...(policy.net ? ['--allow-net'] : ['--cached-only', '--deny-net', '--deny-import']),
    ...['--deny-run', '--deny-ffi'],
    ...behind,
  ];
  return { args, problems };
}
