/**
 * Rewords the advice in a StartError for users of the command. Core writes this advice for authors of a host.
 */
import { StartError } from '@pipework/core';
import type { CommandLine } from './command.ts';
import { isInterpreter } from './program.ts';

/** Matches programs that run JavaScript, and names of JavaScript files. */
const javaScript = /(?:^|[/\\])(?:node|bun|deno|tsx)(?:\.exe)?$|\.[cm]?[jt]sx?$/;

/**
 * Changes the message of a StartError, so that the message names the command's options. The message mentions
 * `serve()` only if the plugin is a program in JavaScript. Returns `error`; an error of another class is
 * unchanged.
 */
export function inCommandWords(
  error: unknown,
  { plugin, values }: Pick<CommandLine, 'plugin' | 'values'>,
): unknown {
  if (!(error instanceof StartError)) return error;
  let { message } = error;
  message = message
    .replace(/\braise startTimeout\b/, 'raise --start-timeout')
    .replace(/,? or use overStdio\(\)/, '')
    .replace(
      /the launcher has not handed over a process: [^\n]*/,
      'the system has not started the program yet',
    );
  if (!isJavaScript(plugin))
    message = message
      .replace(', which serve() makes: does the program call it?', ': is the program a plugin?')
      .replace(', which serve() makes', '');
  message = message.replace(
    /The plugin is (?:older|newer) than this host: [^\n]*/,
    values.protocol === undefined
      ? 'Name a version of the plugin by --protocol N'
      : '--protocol names a version that the plugin does not have',
  );
  error.message = message;
  return error;
}

/**
 * True if the first word runs JavaScript or is a JavaScript file, or if another program, such as npx, starts
 * one.
 */
function isJavaScript([file = '', ...args]: readonly string[]): boolean {
  if (javaScript.test(file)) return true;
  return !isInterpreter(file) && args.some((arg) => javaScript.test(arg));
}
