/** A real sshd on the loopback address, for tests. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

const sshdFile = '/usr/sbin/sshd';

/** Returns why sshd cannot run here; undefined if it can. */
export function whyNoSshd(): string | undefined {
  if (process.env['PIPEWORK_SEALED'] === '1') return 'sealed: ssh needs sockets';
  if (!existsSync(sshdFile)) return 'needs sshd, of openssh-server';
  return spawnSync('ssh', ['-V']).error === undefined ? undefined : 'needs ssh, of openssh-client';
}

export class Sshd {
  readonly destination: string;
  /** Options that make ssh use the keys of this server and its user, and no configuration of this machine. */
  readonly options: readonly string[];
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(folder: string, port: number, daemon: ChildProcess) {
    this.#folder = folder;
    this.#process = daemon;
    this.destination = `${userInfo().username}@127.0.0.1`;
    const settings = [
      `UserKnownHostsFile=${join(folder, 'known')}`,
      'GlobalKnownHostsFile=/dev/null',
      'IdentitiesOnly=yes',
    ];
    this.options = [
      ...['-F', 'none', '-p', String(port), '-i', join(folder, 'user')],
      ...settings.flatMap((setting) => ['-o', setting]),
    ];
  }

  /** Starts a server for the user who runs the tests. Resolves as soon as the server accepts connections. */
  static async start(): Promise<Sshd> {
    const folder = mkdtempSync(join(tmpdir(), 'pipework-sshd-'));
    for (const name of ['host', 'user'])
      run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
    const port = await freePort();
    const key = (name: string): string => readFileSync(join(folder, `${name}.pub`), 'utf8');
    writeFileSync(join(folder, 'known'), `[127.0.0.1]:${port} ${key('host')}`);
    writeFileSync(join(folder, 'authorized'), key('user'));
    const settings = [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${join(folder, 'host')}`,
      `AuthorizedKeysFile ${join(folder, 'authorized')}`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'PidFile none',
      'MaxStartups 100',
      // The login must print nothing before the plugin's handshake.
      'PrintMotd no',
    ];
    writeFileSync(join(folder, 'config'), `${settings.join('\n')}\n`);
    // Only a server that runs as root needs this folder, and root may create it.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
    const daemon = spawn(sshdFile, ['-D', '-e', '-f', join(folder, 'config')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await new Promise<void>((resolve, reject) => {
      let log = '';
      daemon.stderr.on('data', (chunk: Buffer) => {
        log += chunk.toString();
        if (log.includes('Server listening')) resolve();
      });
      daemon.once('exit', (code) => reject(new Error(`sshd ended with ${code}: ${log}`)));
    });
    return new Sshd(folder, port, daemon);
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#process.once('exit', resolve));
    if (this.#process.exitCode === null && this.#process.kill('SIGTERM')) await gone;
    rmSync(this.#folder, { recursive: true });
  }
}

function run(file: string, args: string[]): void {
  const { status, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} failed: ${stderr}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
