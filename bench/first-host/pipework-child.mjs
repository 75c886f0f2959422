import { serve } from '@pipework/core/plugin';

await serve({ plugins: { adder: () => ({ add: (a, b) => a + b }) } });
