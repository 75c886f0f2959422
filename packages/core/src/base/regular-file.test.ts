import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readBeginning, readText } from './regular-file.ts';

function directory(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pipework-file-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('the beginning of a file is read, up to the given number of bytes', () => {
  const file = join(directory(), 'file');
  writeFileSync(file, 'abc');
  expect(readBeginning(file, 2).toString()).toBe('ab');
  expect(readBeginning(file, 4).toString()).toBe('abc');
  writeFileSync(file, '');
  expect(readBeginning(file, 4)).toHaveLength(0);
  expect(() => readBeginning(`${file}s`, 4)).toThrow('ENOENT');
});

test.skipIf(process.platform === 'win32')(
  'a FIFO, a device and a directory are refused without reading',
  () => {
    const folder = directory();
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    // While this process has the FIFO open for writing, a reader would not hang, but would get these bytes.
    const writer = openSync(fifo, 'r+');
    onTestFinished(() => closeSync(writer));
    writeSync(writer, 'text');
    for (const path of [fifo, '/dev/zero', folder])
      expect(() => readBeginning(path, 4), path).toThrow('it is not a regular file');
  },
);

test('a text of more than 8 MiB is refused', () => {
  const file = join(directory(), 'file');
  writeFileSync(file, '');
  truncateSync(file, 2 ** 23);
  expect(readText(file)).toHaveLength(2 ** 23);
  truncateSync(file, 2 ** 23 + 1);
  expect(() => readText(file)).toThrow('it has more than 8388608 bytes');
});
