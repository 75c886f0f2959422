import { serve } from '@pipework/core/plugin';
import type { Dictionary, Services } from './contract.ts';
import { startTelemetry } from './telemetry.ts';

const takeSpans = startTelemetry('dictionary');
const words: Record<string, string> = { en: 'Hello', fr: 'Bonjour' };
let sendSpans = async (): Promise<void> => {};

await serve<{ dictionary: Dictionary }, Services>({
  plugins: {
    dictionary: async ({ host }) => {
      const spans = await host.dispense('spans');
      sendSpans = () => spans.take(takeSpans());
      return { hello: async (language) => words[language] ?? 'Hi' };
    },
  },
  onShutdown: () => sendSpans(),
});
