import { serve } from '@pipework/core/plugin';
import type { Plugins } from './contract.ts';
import { words } from './words.ts';

await serve<Plugins>({ plugins: { words: () => words } });
