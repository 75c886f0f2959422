import { describe, expect, test } from 'vitest';
import { filter, runSealed, sealedCalls, whyNotSealed } from '../lib/seal.mjs';

const obstacle = whyNotSealed();
const nodeUnderSeal = (script) =>
  runSealed([process.execPath, '-e', script], { stdio: 'pipe', encoding: 'utf8' });

describe.skipIf(obstacle)(`the seal${obstacle ? ` (SKIPPED: ${obstacle})` : ''}`, () => {
  test('ends a process that makes a socket', () => {
    expect(nodeUnderSeal(`require('node:net').createServer().listen(0)`).signal).toBe('SIGSYS');
    expect(nodeUnderSeal(`require('node:dgram').createSocket('udp4').bind()`).signal).toBe('SIGSYS');
    expect(nodeUnderSeal(`require('node:net').createServer().listen('/tmp/pipework-never')`).signal).toBe(
      'SIGSYS',
    );
  });

  test('is passed on to the children of the process', () => {
    const { stdout } = nodeUnderSeal(`
      const { spawnSync } = require('node:child_process');
      const child = spawnSync(process.execPath, ['-e', "require('node:net').connect(1)"]);
      console.log(child.signal);`);
    expect(stdout).toBe('SIGSYS\n');
  });

  test('leaves the pipes of a child process alone', () => {
    const { stdout } = nodeUnderSeal(`
      const { spawnSync } = require('node:child_process');
      console.log(String(spawnSync(process.execPath, ['-p', '6 * 7']).stdout).trim());`);
    expect(stdout).toBe('42\n');
  });
});

test.each(['x64', 'arm64'])('the filter for %s ends the process at every sealed call', (arch) => {
  const bytes = filter(arch);
  const last = bytes.length / 8 - 1;
  const value = (index) => bytes.readUInt32LE(index * 8 + 4);
  const target = (index) => index + 1 + bytes.readUInt8(index * 8 + 2);
  expect([value(last), value(last - 1), value(last - 2)]).toEqual([0x80000000, 0x00050026, 0x7fff0000]);
  const ring = last - 3;
  expect([value(ring), target(ring)]).toEqual([425, last - 1]);
  for (let index = ring - sealedCalls.length; index < ring; index++) expect(target(index)).toBe(last);
});

test('filter() refuses an unknown machine, and names it', () => {
  expect(() => filter('mips')).toThrow('the seal supports only x64 and arm64, and this is mips');
});
