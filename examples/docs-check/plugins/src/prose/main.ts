/** The plugin `docs-check-prose`. */
import type { Plugins } from 'docs-check-contract';
import { withSchemas } from 'docs-check-contract/checker';
import { serve } from '@pipework/core/plugin';
import { ProseChecker } from './check.ts';

const checker = new ProseChecker();

await serve<Plugins>({
  plugins: { checker: () => withSchemas(checker) },
  onShutdown: () => console.log(`words read: ${checker.words}`),
});
