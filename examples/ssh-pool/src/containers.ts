import { overStdio, type LaunchCommand, type Launcher } from '@pipework/core';

export interface ContainerOptions {
  /** The image, with options before it: `['-v', '/srv:/srv:ro', 'node:22-slim']`. */
  readonly run: readonly string[];
  /** Names of the variables that are passed to the plugin. */
  readonly env?: readonly string[];
  /** The program: `docker`, or one with the same command line, such as `podman`. */
  readonly engine?: string;
}

/**
 * Runs the plugin in a new container, and removes the container when the plugin has ended. The plugin's
 * command is a program in the image.
 */
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
  /** The pod, with options before it: `['-n', 'plugins', 'worker-0', '-c', 'node']`. */
  readonly pod: readonly string[];
  readonly env?: readonly string[];
}

/** Runs the plugin in an existing pod, beside the other processes of the pod. */
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

/** Returns `NAME=value` for the variables of the handshake and for the chosen ones. */
function variables({ env, handshakeEnv }: LaunchCommand, names: readonly string[]): string[] {
  const chosen = names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return [...chosen, ...Object.entries(handshakeEnv)].map(([name, value]) => `${name}=${value}`);
}
