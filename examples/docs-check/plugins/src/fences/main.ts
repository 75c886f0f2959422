/** The plugin `docs-check-fences`. */
import type { Plugins } from 'docs-check-contract';
import { withSchemas } from 'docs-check-contract/checker';
import { serve } from '@pipework/core/plugin';
import { FenceChecker } from './check.ts';

const checker = new FenceChecker();

await serve<Plugins>({
  plugins: { checker: () => withSchemas(checker) },
  onShutdown: () => console.log(`fences parsed: ${checker.parsed}`),
});
