import { overStdio, type Launcher } from '@pipework/core';

export interface SshOptions {
  /** As ssh takes it: `user@machine`, or a name from its configuration. */
  readonly destination: string;
  /** Further options of ssh, before the destination. */
  readonly options?: readonly string[];
  /** Names of the variables that go along. Nothing else of the host's environment does. */
  readonly env?: readonly string[];
}

/** Runs the plugin on another machine. Its command is one of that machine. */
export function overSsh({ destination, options = [], env = [] }: SshOptions): Launcher {
  return overStdio({
    via: ({ file, args, env: own, handshakeEnv }) => {
      const chosen = env.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]] as const]));
      const variables = [...chosen, ...Object.entries(handshakeEnv)].map(
        ([name, value]) => `${name}=${value}`,
      );
      // ssh joins its words with spaces and has the login shell read them: `exec`, so that the plugin takes the shell's place.
      const remote = `exec env ${[...variables, file, ...args].map(quote).join(' ')}`;
      return ['ssh', ...always, ...options, '--', destination, remote];
    },
  });
}

/** No terminal, no questions, and an end within 15 seconds if the other machine no longer answers. */
const always = ['-T', '-o', 'BatchMode=yes', '-o', 'ServerAliveInterval=5', '-o', 'ServerAliveCountMax=3'];

/** A word that a POSIX shell takes as it is. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
