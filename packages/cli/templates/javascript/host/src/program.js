/** The path of the plugin's program. */
import { fileURLToPath } from 'node:url';

export const pluginProgram = fileURLToPath(import.meta.resolve('@javascript-app/plugin/main'));
