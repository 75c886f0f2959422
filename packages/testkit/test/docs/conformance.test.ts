import { fileURLToPath } from 'node:url';
import { conformance } from '@pipework/testkit/vitest';

const program = fileURLToPath(new URL('../fixtures/serves-conformance.mjs', import.meta.url));

// Without `quick`, the checks that wait for times of the protocol run too: 40 s in all.
conformance({ cmd: [process.execPath, program], quick: true });
