/** The plugin `docs-check-links`. */
import type { Plugins, Services } from 'docs-check-contract';
import { withSchemas } from 'docs-check-contract/checker';
import { serve } from '@pipework/core/plugin';
import { LinkChecker } from './check.ts';

let checker: LinkChecker | undefined;

await serve<Plugins, Services>({
  plugins: {
    checker: async ({ host }) => {
      checker = new LinkChecker(await host.dispense('library'));
      return withSchemas(checker);
    },
  },
  onShutdown: () => console.log(`links followed: ${checker?.links ?? 0}`),
});
