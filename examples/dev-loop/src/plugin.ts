/**
 * The plugin. Node runs this source file directly. To see a reload, change the greeting while the host runs,
 * and save.
 */
import { serve } from '@pipework/core/plugin';
import type { Plugins } from './contract.ts';

const greeting: string = 'Hello';

await serve<Plugins>({ plugins: { greeter: () => ({ greet: async (name) => `${greeting}, ${name}!` }) } });
