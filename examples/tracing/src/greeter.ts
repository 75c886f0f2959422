import { fileURLToPath } from 'node:url';
import { Client } from '@pipework/core';
import { serve } from '@pipework/core/plugin';
import type { Dictionary, Greeter, Services, Spans } from './contract.ts';
import { startTelemetry } from './telemetry.ts';

const takeSpans = startTelemetry('greeter');
let finish = async (): Promise<void> => {};

await serve<{ greeter: Greeter }, Services>({
  plugins: {
    greeter: async ({ host }) => {
      const [settings, spans] = await Promise.all([host.dispense('settings'), host.dispense('spans')]);
      const client = new Client<{ dictionary: Dictionary }, { spans: Spans }>({
        cmd: [process.execPath, fileURLToPath(new URL('dictionary.js', import.meta.url))],
        name: 'dictionary',
        provide: { spans: () => ({ take: (theirs) => void spans.take(theirs) }) },
      });
      const dictionary = await (await client.client()).dispense('dictionary');
      finish = async () => {
        await client.kill();
        await spans.take(takeSpans());
      };
      return {
        async *greet(names) {
          for (const name of names) {
            const language = await settings.language(name);
            yield `${await dictionary.hello(language)}, ${name}!`;
          }
        },
      };
    },
  },
  onShutdown: () => finish(),
});
