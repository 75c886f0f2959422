/** The plugin `docs-check-prose`. */
import type { Plugins } from 'docs-check-contract';
import { serve } from '@pipework/core/plugin';
import { ProseChecker } from './check.ts';

const checker = new ProseChecker();

await serve<Plugins>({
  plugins: { checker: () => checker },
  onShutdown: () => console.log(`words read: ${checker.words}`),
});
