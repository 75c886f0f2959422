import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { packageIdentity } from './identity.ts';

test.skipIf(process.platform === 'win32')(
  'the identity of a program is in the nearest package.json that is a regular file',
  () => {
    const outer = mkdtempSync(join(tmpdir(), 'pipework-identity-'));
    onTestFinished(() => rmSync(outer, { recursive: true }));
    const inner = join(outer, 'inner');
    mkdirSync(inner);
    writeFileSync(join(outer, 'package.json'), JSON.stringify({ name: 'outer', version: '1.0.0' }));
    const fifo = join(inner, 'package.json');
    execFileSync('mkfifo', [fifo]);
    // The shell writes as soon as a reader opens the FIFO, so a reader would not hang.
    const writer = spawn('/bin/sh', ['-c', `echo '{ "name": "inner" }' > "$0"`, fifo]);
    onTestFinished(() => void writer.kill());
    expect(packageIdentity(join(inner, 'main.js'))).toEqual({ name: 'outer', version: '1.0.0' });
  },
);
