/**
 * Tests that a plugin of an earlier version works with a host of this version, and that a plugin of this
 * version works with an earlier host. Each session runs in real processes.
 */
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Client } from '../../src/index.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const old = mkdtempSync(join(tmpdir(), 'pipework-0.1.0-'));

/** Unpacks version 0.1.0 as an installation would, with the dependencies of this workspace. */
beforeAll(() => {
  const modules = join(old, 'node_modules');
  for (const name of ['core', 'mux']) {
    const folder = join(modules, '@pipework', name);
    mkdirSync(folder, { recursive: true });
    const packed = join(here, `pipework-${name}-0.1.0.tgz`);
    execFileSync('tar', [
      '-xzf',
      packed,
      '--numeric-owner',
      '--no-same-owner',
      '--strip-components=1',
      '-C',
      folder,
    ]);
  }
  for (const name of ['execa', 'p-timeout', 'tinyglobby'])
    symlinkSync(join(here, '../../node_modules', name), join(modules, name), 'junction');
  for (const program of ['host.mjs', 'plugin.mjs']) copyFileSync(join(here, program), join(old, program));
});

afterAll(() => {
  rmSync(old, { recursive: true, force: true });
});

/**
 * Runs the host in the folder `host` with the plugin in the folder `plugin`, and returns the outcomes that
 * the host writes.
 */
async function session(host: string, plugin: string): Promise<Record<string, unknown>> {
  const args = [join(host, 'host.mjs'), join(plugin, 'plugin.mjs')];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** The outcomes that every pair of versions must have. */
const common = {
  values: [true, true, [1, 2, 3], ['undefined', '-0', 'NaN'], 'https://example.com/'],
  version: 1,
  failure: { name: 'RangeError', code: 'E_ASKED', message: 'as asked', path: '/x' },
  printed: 'printed before the answer',
  callbacks: ['a0', 'b1'],
  counted: [1, 2, 3],
  sum: 6,
  length: 1_000_000,
  counter: [1, 2],
  cancelled: 'no longer wanted',
  dropped: 'dropped',
  aborted: { name: 'Error', message: 'enough' },
  stopped: { name: 'Error', message: 'stopped' },
  afterwards: ['still here', 3],
  broker: 'by the broker',
  unknown: ['RPC_UNKNOWN_METHOD', 'RPC_UNKNOWN_PLUGIN'],
  pings: true,
  left: 0,
  killed: { by: 'quit', code: 0 },
  crashed: ['RPC_CLOSED', 7],
};

test('a plugin of 0.1.0 works with a host of this version, and its description has only the facts of its handshake', async () => {
  const described = { runtime: 'unknown', protocolVersions: [1], plugins: {} };
  expect(await session(here, old)).toEqual({ ...common, described, service: 'none' });
});

test('a plugin of this version works with a host of 0.1.0, although that host provides no services', async () => {
  expect(await session(old, here)).toEqual({
    ...common,
    described: 'none',
    service: 'RPC_UNKNOWN_SERVICE',
  });
});

test('the programs of this test also work with 0.1.0 on both sides', async () => {
  expect(await session(old, old)).toEqual({ ...common, described: 'none', service: 'none' });
});

test('a plugin of 0.1.0 works with a host that provides services and drains', async () => {
  interface Worker {
    echo(value: string): string;
    service(): string;
  }
  await using client = new Client<{ worker: Worker }, { files: object }>({
    cmd: [process.execPath, join(old, 'plugin.mjs')],
    provide: { files: () => ({}) },
  });
  const rpc = await client.client();
  const worker = await rpc.dispense('worker');
  expect([await worker.echo('x'), await worker.service()]).toEqual(['x', 'none']);
  expect(await client.drain({ timeoutMs: 60_000 })).toBe(true);
  expect(await client.kill({ gracePeriod: 60_000 })).toMatchObject({ by: 'quit', code: 0 });
});
