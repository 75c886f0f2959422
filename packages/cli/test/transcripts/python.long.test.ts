import { join } from 'node:path';
import { linesFor } from '../support/conformance-lines.ts';
import { noPython, root } from '../support/run.ts';
import { testTranscripts } from '../support/transcript.ts';

const plan = { cwd: join(root, 'examples/python-plugin'), lines: linesFor('python3 plugin.py') };
testTranscripts('python', () => plan, noPython);
