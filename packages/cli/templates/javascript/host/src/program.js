/** Where the plugin's program is. */
import { fileURLToPath } from 'node:url';

export const pluginProgram = fileURLToPath(import.meta.resolve('@javascript-app/plugin/main'));
