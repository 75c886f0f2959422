import { serve } from '@pipework/core/plugin';
import type { Plugins } from './contract.ts';

await serve<Plugins>({
  plugins: {
    counter: () => ({
      async words(text) {
        if (text === 'poison') process.exit(1); // Ends the process of the plugin.
        return text.split(/\s+/).length;
      },
    }),
  },
});
