/** The plugin `docs-check-links`. */
import type { Plugins } from 'docs-check-contract';
import { serve } from '@pipework/core/plugin';
import { LinkChecker } from './check.ts';

const checker = new LinkChecker();

await serve<Plugins>({
  plugins: { checker: () => checker },
  onShutdown: () => console.log(`links followed: ${checker.links}`),
});
