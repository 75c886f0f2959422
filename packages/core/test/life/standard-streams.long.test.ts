// Tests that pipework does not open a host's standard streams, and does not change the descriptors of a
// plugin's standard streams.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Client } from '../../src/index.ts';
import { Collector, fixture, plugin, until } from '../support/life.ts';

const MiB = 1024 * 1024;

describe('a host', () => {
  test('can load pipework and start a plugin without opening any of its own standard streams', () => {
    const host = [fixture('touches-no-stream'), fixture('greets')];
    const { stdout, stderr } = spawnSync(process.execPath, host, { encoding: 'utf8', input: 'unread' });
    expect(stderr).toBe('');
    const told = JSON.parse(stdout) as {
      opened: string[];
      before: string[];
      after: string[];
      answer: string;
    };
    expect(told).toMatchObject({ opened: [], answer: 'Hello, world!' });
    expect(told.after).toEqual(told.before);
  });

  test('that reads its own standard input continues when much input arrives in one step', async () => {
    const host = spawn(process.execPath, [fixture('reads-its-own-stdin'), fixture('greets')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => void host.kill('SIGKILL'));
    const lines = createInterface(host.stdout)[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('ready');
    host.stdin.write(Buffer.alloc(65_536));
    let last = '';
    while (!last.startsWith('65536:')) last = String((await lines.next()).value);
    expect(last).toBe('65536: Hello, world!');
    host.stdin.end();
    await once(host, 'exit');
  });
});

/** The interface of the fixture writes-natively.mjs. */
interface Writers {
  writer: {
    write(fd: number, bytes: number): Promise<void>;
    writeThenExit(fd: number, bytes: number): Promise<void>;
    isNonBlocking(fd: number): Promise<boolean | undefined>;
  };
}

describe('a plugin', () => {
  const writer = (stdout: Writable, stderr: Writable, ...args: string[]): Client<Writers> => {
    const cmd = [process.execPath, fixture('writes-natively'), ...args] as const;
    const client = new Client<Writers>({ cmd, stdout, stderr });
    onTestFinished(async () => void (await client.kill()));
    return client;
  };

  test.each(['late', 'early'])(
    'writes to its descriptors without EAGAIN, whether Node opens process.stderr before serve() or later: %s',
    async (when) => {
      const [stdout, stderr] = [new Collector(), new Collector()];
      const client = writer(stdout, stderr, when);
      const one = await (await client.client()).dispense('writer');
      await one.write(1, 2 * MiB);
      await one.write(2, 2 * MiB);
      expect([await one.isNonBlocking(1), await one.isNonBlocking(2)]).not.toContain(true);
      expect(await client.kill()).toMatchObject({ by: 'quit' });
      expect([stdout.bytes, stderr.bytes - (when === 'early' ? 6 : 0)]).toEqual([2 * MiB, 2 * MiB]);
    },
  );

  test('loses no bytes that it wrote to its descriptors before process.exit()', async () => {
    const stdout = new Collector();
    const client = writer(stdout, new Collector());
    const one = await (await client.client()).dispense('writer');
    await one.writeThenExit(1, MiB).catch(() => {});
    expect(await client.exit).toMatchObject({ code: 0, by: 'plugin' });
    expect(stdout.bytes).toBe(MiB);
  });
});

describe('a sink that is stuck', () => {
  test.each([
    { what: 'long lines', flood: 'flood', bytes: 24 * MiB, most: 8 * MiB },
    // Each queued write takes memory beside its bytes, so fewer bytes may wait if the writes are short.
    { what: 'line feeds one by one', flood: 'breakLines', bytes: MiB, most: MiB / 4 },
  ] as const)('limits the $what that the plugin queues, and a mark counts dropped bytes', async (given) => {
    const { flood, bytes, most } = given;
    const chunks: Buffer[] = [];
    const taken: (() => void)[] = [];
    let isStuck = true;
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        if (isStuck) taken.push(done);
        else done();
      },
    });
    const client = plugin('prints', { syncStdout: sink });
    const printer = await (await client.client()).dispense('printer');
    await printer[flood](bytes);
    expect(await printer.waiting()).toBeLessThanOrEqual(most);
    isStuck = false;
    for (const done of taken) done();
    await printer.print('stdout', 'after\n');
    // The plugin's flush at its end has a time limit, which may pass on a busy machine. So this test waits
    // for the last line before kill().
    await expect.poll(() => chunks.at(-1)?.toString().endsWith('after\n')).toBe(true);
    await client.kill();
    const text = Buffer.concat(chunks).toString();
    const marks = [...text.matchAll(/\n\[pipework: (\d+) bytes dropped, the host does not keep up\]\n/g)];
    const dropped = marks.reduce((sum, [, bytes]) => sum + Number(bytes), 0);
    const arrived = text.length - marks.reduce((sum, [mark]) => sum + mark.length, 0);
    // The plugin's queue holds up to `most` bytes. The window of the output's stream and the sink hold up to
    // 2 MiB more.
    expect(dropped).toBeGreaterThan(bytes - most - 2 * MiB);
    expect(dropped).toBeGreaterThan(bytes / 4);
    expect(dropped + arrived).toBe(bytes + 'after\n'.length);
    expect(text.slice(-6)).toBe('after\n');
  });

  test('costs a plugin that prints a million line feeds little memory, and the callbacks of dropped writes run too', async () => {
    const client = plugin('prints', { syncStdout: new Writable({ write() {} }) });
    const printer = await (await client.client()).dispense('printer');
    const { grown, settled } = await printer.breakLines(MiB);
    expect(grown).toBeLessThan(64 * MiB);
    expect(settled).toBeGreaterThan(MiB / 2);
  });

  test('gets the number of dropped bytes in the last line when the plugin exits', async () => {
    const chunks: Buffer[] = [];
    const taken: (() => void)[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        taken.push(done);
      },
    });
    const stderr = new Collector();
    const client = plugin('prints', { syncStdout: sink, stderr });
    const printer = await (await client.client()).dispense('printer');
    const exiting = printer.floodThenExit(20 * MiB).catch(() => {});
    // The sink now accepts each waiting chunk within a millisecond.
    const taking = setInterval(() => taken.splice(0).forEach((done) => done()), 1);
    await exiting;
    await client.exit;
    await until(() => sink.writableLength === 0);
    clearInterval(taking);
    const end = Buffer.concat(chunks).toString().slice(-100);
    // If a busy machine makes no progress for two seconds, the plugin reports all lost bytes at its descriptor
    // 2 instead.
    const gaveUp = /^pipework: \d+ bytes of printed output are lost/.test(stderr.text);
    if (!gaveUp) expect(end).toMatch(/\n\[pipework: \d+ bytes dropped, the host does not keep up\]\n$/);
  });
});
