import { serve } from '@pipework/core/plugin';
import { configurations } from './configurations.mjs';
configurations[process.argv[2]]();
await serve({ plugins: { bench: () => ({ add: (a, b) => a + b }) } });
