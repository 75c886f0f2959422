import { overStdio, type Launcher } from '@pipework/core';

export interface SshOptions {
  /** The destination for ssh: `user@machine`, or a name from the configuration of ssh. */
  readonly destination: string;
  /** Further options of ssh, before the destination. */
  readonly options?: readonly string[];
  /**
   * Names of the variables that are passed to the plugin. Nothing else of the host's environment is passed.
   */
  readonly env?: readonly string[];
}

/** Runs the plugin on another machine. The plugin's command is a program on that machine. */
export function overSsh({ destination, options = [], env = [] }: SshOptions): Launcher {
  return overStdio({
    via: ({ file, args, env: own, handshakeEnv }) => {
      const chosen = env.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]] as const]));
      const variables = [...chosen, ...Object.entries(handshakeEnv)].map(
        ([name, value]) => `${name}=${value}`,
      );
      // ssh joins its words with spaces and passes them to the login shell. `exec` lets the plugin replace
      // the shell.
      const remote = `exec env ${[...variables, file, ...args].map(quote).join(' ')}`;
      return ['ssh', ...always, ...options, ...defaults, '--', destination, remote];
    },
  });
}

/** Options that are always set: no terminal and no questions. */
const always = ['-T', '-o', 'BatchMode=yes'];

/**
 * Options that other options replace, because ssh takes the first value of an option. The connection ends within
 * 20 seconds if the other machine no longer answers.
 */
const defaults = ['-o', 'ServerAliveInterval=5', '-o', 'ServerAliveCountMax=3'];

/** Quotes a word, so that a POSIX shell does not change it. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
