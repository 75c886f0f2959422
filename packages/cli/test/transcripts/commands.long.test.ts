import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { checks, commands } from '../support/internals.ts';
import { line, testTranscripts } from '../support/transcript.ts';

/**
 * Returns a command line of the doctor for a few checks. The results of the other checks depend on the
 * machine.
 */
const doctor = (...names: string[]): string => {
  const others = checks.map(({ name }) => name).filter((name) => !names.includes(name));
  return `doctor --skip ${others.join(',')}`;
};

const noPrograms = { env: { PATH: '/nowhere' } };

testTranscripts('commands', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pipework-transcript-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return {
    cwd: folder,
    lines: [
      line('--version'),
      line('--help'),
      ...commands.map(({ name }) => line(`${name} --help`)),
      line('new my-app'),
      line('new my-app'),
      line('new --language javascript my-script-app'),
      line('new --language cobol other-app'),
      line('completion bash'),
      line('completion zsh'),
      line('completion fish'),
      line('completion tcsh'),
      line('greet'),
      line('describe'),
      line(doctor('node', 'shell', 'proc')),
      line(doctor('node', 'bubblewrap'), noPrograms),
      line(`${doctor('bubblewrap')} --json`, noPrograms),
      line('doctor --skip nope'),
    ],
  };
});
