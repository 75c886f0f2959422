import { overStdio, type LaunchCommand, type Launcher } from '@pipework/core';

export interface ContainerOptions {
  /** The image, and what stands before it: `['-v', '/srv:/srv:ro', 'node:22-slim']`. */
  readonly run: readonly string[];
  /** Names of the variables that go along. */
  readonly env?: readonly string[];
  /** The program: `docker`, or one with its command line, such as `podman`. */
  readonly engine?: string;
}

/** Runs the plugin in a container of its own, which goes with it. The plugin's command is one of the image. */
export function overDocker({ run, env = [], engine = 'docker' }: ContainerOptions): Launcher {
  return overStdio({
    via: (command) => [
      engine,
      ...['run', '-i', '--rm'],
      ...variables(command, env).flatMap((variable) => ['-e', variable]),
      ...run,
      command.file,
      ...command.args,
    ],
  });
}

export interface PodOptions {
  /** The pod, and what stands before it: `['-n', 'plugins', 'worker-0', '-c', 'node']`. */
  readonly pod: readonly string[];
  readonly env?: readonly string[];
}

/** Runs the plugin beside what a pod runs already. */
export function overKubectl({ pod, env = [] }: PodOptions): Launcher {
  return overStdio({
    via: (command) => [
      'kubectl',
      ...['exec', '-i', ...pod, '--'],
      ...['env', ...variables(command, env)],
      command.file,
      ...command.args,
    ],
  });
}

/** `NAME=value` for the handshake and for what was chosen. */
function variables({ env, handshakeEnv }: LaunchCommand, names: readonly string[]): string[] {
  const chosen = names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return [...chosen, ...Object.entries(handshakeEnv)].map(([name, value]) => `${name}=${value}`);
}
