/** Puts the advice of a plugin's start error, which core writes for a host, in words of the command. */
import { StartError } from '@pipework/core';
import type { CommandLine } from './command.ts';
import { isInterpreter } from './program.ts';

/** Programs that run JavaScript, and the names of files that contain it. */
const javaScript = /(?:^|[/\\])(?:node|bun|deno|tsx)(?:\.exe)?$|\.[cm]?[jt]sx?$/;

/**
 * Changes the message of an error of a plugin that did not start. The text names the command's options, and
 * it mentions `serve()` only if the plugin is a program in JavaScript. Returns the error.
 */
export function inCommandWords(
  error: unknown,
  { plugin, values }: Pick<CommandLine, 'plugin' | 'values'>,
): unknown {
  if (!(error instanceof StartError)) return error;
  let { message } = error;
  message = message.replace(/\braise startTimeout\b/, 'raise --start-timeout');
  if (!isJavaScript(plugin))
    message = message
      .replace(', which serve() makes: does the program call it?', ': is the program a plugin?')
      .replace(', which serve() makes', '');
  if (values.protocol !== undefined)
    message = message.replace(
      /The plugin is (?:older|newer) than this host: [^\n]*/,
      '--protocol names a version that the plugin does not have',
    );
  error.message = message;
  return error;
}

/** True if the first word is a program or a file in JavaScript, or if a program such as npx starts such a file. */
function isJavaScript([file = '', ...args]: readonly string[]): boolean {
  if (javaScript.test(file)) return true;
  return !isInterpreter(file) && args.some((arg) => javaScript.test(arg));
}
