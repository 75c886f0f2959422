/** Where the plugin's program is. */
import { fileURLToPath } from 'node:url';

export const pluginProgram: string = fileURLToPath(import.meta.resolve('@typescript-app/plugin/main'));
