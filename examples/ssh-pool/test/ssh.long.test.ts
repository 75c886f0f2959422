import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client, type ClientConfig, type Remote } from '@pipework/core';
import { Pool } from '@pipework/fleet';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Sshd, whyNoSshd } from '../../test-support/sshd.ts';
import { overSsh, type SshOptions } from '../src/ssh.ts';

interface RemotePlugin {
  pids(): Promise<{ plugin: number; parent: number }>;
  env(): Promise<Record<string, string>>;
  echo<T>(value: T): Promise<T>;
  print(text: string): Promise<void>;
  count(to: number): AsyncIterable<number>;
  exit(code: number): Promise<never>;
  hang(): Promise<never>;
  block(ms: number, file: string): Promise<void>;
}

interface Plugins {
  remote: RemotePlugin;
}

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));
const program = path('test/fixtures/remote.mjs');
const why = whyNoSshd();

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Returns the settings with which a process of ssh runs, as ssh itself reads them from its command line. */
function settingsOf(pid: number): string {
  const [ssh = '', ...words] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  return execFileSync(ssh, ['-G', ...words], { encoding: 'utf8' });
}

describe.skipIf(why !== undefined)(
  `a plugin over ssh${why === undefined ? '' : ` (SKIPPED: ${why})`}`,
  () => {
    let sshd: Sshd;

    beforeAll(async () => {
      sshd = await Sshd.start();
    });

    afterAll(async () => {
      await sshd.stop();
    });

    function launcher(options: Partial<SshOptions> = {}): ReturnType<typeof overSsh> {
      const { destination, options: ours } = sshd;
      return overSsh({ destination, ...options, options: [...(options.options ?? []), ...ours] });
    }

    function makeClient(ssh: Partial<SshOptions> = {}, config: Partial<ClientConfig> = {}): Client<Plugins> {
      const client = new Client<Plugins>({
        ...config,
        cmd: [process.execPath, program, "it's one word"],
        name: 'remote',
        launcher: launcher(ssh),
      });
      onTestFinished(async () => void (await client.kill()));
      return client;
    }

    async function start(
      ...args: Parameters<typeof makeClient>
    ): Promise<{ client: Client<Plugins>; remote: Remote<RemotePlugin>; plugin: number; session: number }> {
      const client = makeClient(...args);
      const remote = await (await client.client()).dispense('remote');
      const { plugin, parent } = await remote.pids();
      return { client, remote, plugin, session: parent };
    }

    // All checks that need a healthy connection share one test, because a login takes longer than the checks.
    test('can be called, has only the named variables of the host, prints to the host, and ends when the host asks it to', async () => {
      const printed = { stdout: '', stderr: '' };
      const sink = (name: 'stdout' | 'stderr'): Writable =>
        new Writable({
          write(chunk: Buffer, _encoding, done) {
            printed[name] += chunk.toString();
            done();
          },
        });
      const set = { SECRET: 'stays here', GIVEN: 'it\'s "this" $HOME' };
      const { client, remote, plugin } = await start(
        { env: ['GIVEN', 'ABSENT'] },
        { env: { set }, syncStdout: sink('stdout'), syncStderr: sink('stderr') },
      );
      const bytes = new Uint8Array(1_000_000).fill(7);
      expect(Buffer.compare(await remote.echo(bytes), bytes)).toBe(0);
      const items: number[] = [];
      for await (const n of remote.count(3)) items.push(n);
      expect(items).toEqual([1, 2, 3]);

      const env = await remote.env();
      expect(env).toMatchObject({ GIVEN: set.GIVEN });
      expect(env).not.toHaveProperty('SECRET');
      expect(env).not.toHaveProperty('ABSENT');
      expect(env).toHaveProperty('SSH_CONNECTION');

      await remote.print('printed there');
      expect(printed).toEqual({ stdout: 'printed there\n', stderr: 'printed there\n' });

      expect(await client.kill()).toMatchObject({ code: 0, signal: null, by: 'quit' });
      await expect(() => !isAlive(plugin), 'the plugin is gone').toHappenWithin(1_000);
    });

    test('that exits by itself reports its own code', async () => {
      const { client, remote } = await start();
      await expect(remote.exit(3)).rejects.toThrow('code 3');
      expect(await client.exit).toMatchObject({ code: 3, by: 'plugin' });
    });

    test('ends by itself if ssh is killed, and its calls fail immediately', async () => {
      const { client, remote, plugin } = await start();
      const call = remote.hang();
      call.catch(() => {});
      process.kill(client.pid!, 'SIGKILL');
      await expect(call).rejects.toMatchObject({ sent: true });
      expect(await client.exit).toMatchObject({ signal: 'SIGKILL', by: 'plugin' });
      await expect(() => !isAlive(plugin), 'the plugin sees the end of its input').toHappenWithin(2_000);
    });

    test('is lost with code 255 and ssh’s own message if the server’s session dies', async () => {
      const { client, remote, plugin, session } = await start();
      const call = remote.hang();
      call.catch(() => {});
      process.kill(session, 'SIGKILL');
      await expect(call).rejects.toThrow(/255/);
      // ssh prints the first text if the connection ends while ssh reads, and the second text if ssh writes.
      expect(await client.exit).toMatchObject({
        code: 255,
        by: 'plugin',
        stderrTail: expect.stringMatching(/closed by remote host|send disconnect: /),
      });
      await expect(() => !isAlive(plugin), 'the plugin sees the end of its input').toHappenWithin(2_000);
    });

    test('is lost when the connection has been silent for longer than ssh allows', async () => {
      const { client, remote, session } = await start({
        options: ['-o', 'ServerAliveInterval=1', '-o', 'ServerAliveCountMax=2'],
      });
      if (process.platform === 'linux')
        expect(settingsOf(client.pid!)).toContain('\nserveraliveinterval 1\n');
      const call = remote.hang();
      call.catch(() => {});
      // This acts like a cut network: nothing answers, and nothing is closed.
      process.kill(session, 'SIGSTOP');
      onTestFinished(() => void process.kill(session, 'SIGKILL'));
      await expect(call, 'ssh gives up').rejects.toThrow(/255/);
      expect((await client.exit).stderrTail).toMatch(/not responding/);
    });

    test('outlives its connection while its event loop is blocked', async () => {
      const { client, remote, plugin } = await start();
      const folder = mkdtempSync(join(tmpdir(), 'pipework-blocked-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const call = remote.block(60_000, join(folder, 'blocked'));
      call.catch(() => {});
      await expect.poll(() => existsSync(join(folder, 'blocked'))).toBe(true);
      // The blocked plugin does not notice that `kill()` closes its input. The signal of `kill()` ends only
      // ssh.
      await client.kill({ gracePeriod: 1 });
      await expect(call).rejects.toThrow();
      // No signal reaches the plugin, and the host does not learn that the plugin continues to run. Only the
      // other machine can end the plugin.
      expect(isAlive(plugin)).toBe(true);
      process.kill(plugin, 'SIGKILL');
    });

    test('fails to start, with the reason that ssh prints, if the login is refused', async () => {
      const client = makeClient({ options: ['-o', 'PubkeyAuthentication=no'] });
      await expect(client.start()).rejects.toThrow(/Permission denied/);
      expect(await client.exit).toMatchObject({ code: 255 });
    });

    test('can belong to a pool, which starts another process when a connection is lost', async () => {
      await using pool = new Pool<Plugins>({
        cmd: [process.execPath, program],
        name: 'far',
        launcher: launcher(),
        min: 2,
        max: 2,
      });
      await pool.start();
      const remote = await pool.dispense('remote');
      const [one, two] = await Promise.all([remote.pids(), remote.pids()]);
      expect(one.plugin).not.toBe(two.plugin);
      process.kill(one.parent, 'SIGKILL');
      process.kill(two.parent, 'SIGKILL');
      // A call that is sent while the connection breaks is lost, because the pool sends no call twice.
      await expect.poll(async () => await remote.echo('again').catch(() => 'lost')).toBe('again');
    });

    test('the example spreads its calls over two machines', async () => {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [path('dist/host.js'), path('dist/plugin.js'), sshd.destination, sshd.destination],
        { env: { ...process.env, SSH_OPTIONS: sshd.options.join(' '), REMOTE_NODE: process.execPath } },
      );
      expect(stdout).toBe('4 25 168 1229\nby 2 processes\n');
    });
  },
);
