import { dirname } from 'node:path';
import { command, missing } from '../../../../examples/go-plugin/test/support/go.ts';
import { linesFor } from '../support/conformance-lines.ts';
import { testTranscripts } from '../support/transcript.ts';

const folder = dirname(command[0]);
const plan = { cwd: folder, lines: linesFor('./go-plugin'), folders: { [folder]: '<go>' } };
testTranscripts('go', () => plan, missing);
