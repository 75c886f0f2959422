/** The path of the plugin's program. */
import { fileURLToPath } from 'node:url';

export const pluginProgram: string = fileURLToPath(import.meta.resolve('@typescript-app/plugin/main'));
