import { fileURLToPath } from 'node:url';
import { conformance } from '@pipework/testkit/vitest';

const program = fileURLToPath(new URL('../fixtures/serves-conformance.mjs', import.meta.url));

conformance({ cmd: [process.execPath, program] });
