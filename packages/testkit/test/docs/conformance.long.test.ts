import { fileURLToPath } from 'node:url';
import { conformance } from '@pipework/testkit/vitest';

const program = fileURLToPath(new URL('../fixtures/serves-conformance.mjs', import.meta.url));

// Without `quick`, the suite also runs the checks that wait for the protocol's time limits: 40 s in all.
conformance({ cmd: [process.execPath, program], quick: true });
