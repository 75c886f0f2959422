import { serve } from '@pipework/core/plugin';
import { work } from '../../task.mjs';

await serve({ plugins: { bench: () => ({ work, add: (a, b) => a + b }) } });
