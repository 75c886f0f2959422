/**
 * Tests what happens to plugins when their host ends. Each test runs a host of its own and ends that host.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { host } from '../support/hosts.ts';
import { fixture, isAlive, noEnds, noProc, noSignals, until } from '../support/life.ts';

function childrenOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
}

/** Ends the plugin at the end of the test, even if the test fails. */
function endAtLast(pid: number): void {
  onTestFinished(() => {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
}

/** Returns the children of the host that are reapers and have begun their work. */
function reapersOf(pid: number): string[] {
  return childrenOf(pid).filter((child) => {
    try {
      return readFileSync(`/proc/${child}/cmdline`, 'latin1').includes('pipework-reaper');
    } catch {
      return false;
    }
  });
}

describe('a plugin is gone within a second after its host was killed by SIGKILL', () => {
  test.each([
    ['while it is idle', 'idle', 'greets'],
    ['while its event loop is blocked', 'blocked', 'makes-trouble'],
    ['while it prints', 'printing', 'prints'],
    ['while it leaves timers running', 'idle', 'shuts-down-slowly'],
  ])('%s', async (_when, conduct, program) => {
    const it = await host(conduct, program, { args: ['100'] });
    await it.next();
    it.process.kill('SIGKILL');
    await expect(() => !isAlive(it.plugin), 'the plugin is gone').toHappenWithin(1_000);
  });

  test('even if its event loop is blocked and it has given itself another name', async () => {
    const it = await host('renamed', 'makes-trouble');
    await it.next();
    it.process.kill('SIGKILL');
    await expect(() => !isAlive(it.plugin), 'the plugin is gone').toHappenWithin(1_000);
  });

  test.skipIf(noProc)(
    `while its event loop is blocked, even if its reaper was killed several times${noProc}`,
    async () => {
      const it = await host('blocked', 'makes-trouble');
      await it.next();
      let last = '';
      for (let n = 0; n < 3; n++) {
        const isAnother = (): boolean => reapersOf(it.pid).some((reaper) => reaper !== last);
        await until(isAnother);
        last = reapersOf(it.pid)[0] as string;
        process.kill(Number(last), 'SIGKILL');
      }
      await until(() => reapersOf(it.pid).some((reaper) => reaper !== last));
      it.process.kill('SIGKILL');
      await expect(() => !isAlive(it.plugin), 'the plugin is gone').toHappenWithin(1_000);
    },
  );

  const wrappers: Record<string, string[]> = {
    timeout: ['timeout', '1000'],
    'a shell': ['/bin/sh', '-c', '"$@"; exit $?', 'sh'],
    setsid: ['setsid', '--fork', '--wait'],
    'a double fork': ['/bin/sh', '-c', '("$@" &); sleep 1000', 'sh'],
    'a shell that has closed its own descriptors': [
      '/bin/sh',
      '-c',
      '"$@" & sleep 0.5; exec 3<&- 4>&-; wait',
      'sh',
    ],
    'a Node program': [process.execPath, fixture('wraps')],
  };

  test.skipIf(noProc).each(Object.entries(wrappers))(
    `while it is blocked, if its wrapper is %s${noProc}`,
    async (_name, behind) => {
      const it = await host('blocked-behind', 'makes-trouble', { env: { BEHIND: JSON.stringify(behind) } });
      const { pid } = await it.next();
      expect(pid).not.toBe(it.plugin);
      endAtLast(pid as number);
      it.process.kill('SIGKILL');
      await expect(() => !isAlive(pid as number), 'the plugin is gone').toHappenWithin(1_000);
      await expect(() => !isAlive(it.plugin), 'the wrapper is gone').toHappenWithin(1_000);
    },
  );

  test.skipIf(noProc)(
    `while its event loop is blocked, even if its wrapper has ended before${noProc}`,
    async () => {
      const behind = JSON.stringify(wrappers['a shell']);
      const it = await host('left-behind', 'makes-trouble', { env: { BEHIND: behind } });
      const { pid, leftBehind } = await it.next();
      endAtLast(pid as number);
      expect(leftBehind).toBe(true);
      it.process.kill('SIGKILL');
      await expect(() => !isAlive(pid as number), 'the plugin is gone').toHappenWithin(1_000);
    },
  );

  test.skipIf(noProc)(`before its handshake, when it reads nothing yet${noProc}`, async () => {
    const it = await host('starting', 'never-greets');
    // Waits for two children, because the reaper starts after the plugin.
    await until(() => childrenOf(it.pid).length === 2);
    it.process.kill('SIGKILL');
    await expect(() => !isAlive(it.plugin), 'the plugin is gone').toHappenWithin(1_000);
  });

  test.skipIf(noEnds)(`and the signals of its running handlers abort${noEnds}`, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pipework-host-'));
    const mark = join(directory, 'mark');
    try {
      const it = await host('calling', 'makes-trouble', { env: { MARK: mark } });
      await it.next();
      await until(() => existsSync(`${mark}.running`));
      it.process.kill('SIGKILL');
      await expect(() => existsSync(mark), 'the signal aborts').toHappenWithin(1_000);
      await expect(() => !isAlive(it.plugin), 'the plugin is gone').toHappenWithin(1_000);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe('handlers and generators that wait for their caller clean up, in parallel with the shutdown hook', () => {
  const names = ['upload', 'node', 'call', 'accept', 'read', 'fill', 'copy', 'follow', 'relay'];
  const notes = [...names.map((name) => `${name} cleaned up`), 'shut down'];

  const cleanUp = async (conduct: string): Promise<void> => {
    const directory = await mkdtemp(join(tmpdir(), 'pipework-host-'));
    const file = join(directory, 'notes');
    try {
      const it = await host(conduct, 'cleans-up', { args: [file] });
      await it.next();
      if (conduct === 'occupying') it.process.kill('SIGKILL');
      else expect(await it.next()).toMatchObject({ code: 0, by: 'quit' });
      await expect(() => !isAlive(it.plugin), 'the plugin is gone').toHappenWithin(1_000);
      const written = readFileSync(file, 'utf8').trim().split('\n');
      expect(written.filter((note) => !note.endsWith('runs')).sort()).toEqual(notes.sort());
    } finally {
      await rm(directory, { recursive: true });
    }
  };

  test.skipIf(noEnds)(`when the host dies${noEnds}`, () => cleanUp('occupying'));
  test('when the host calls kill()', () => cleanUp('occupying-then-killing'));
});

describe('a host that ends', () => {
  test('ends its managed plugins too if it calls process.exit()', async () => {
    const it = await host('managed-exit', 'shuts-down-slowly', { args: ['10'] });
    expect(await it.exited).toEqual({ code: 0, signal: null });
    await expect(() => !isAlive(it.plugin), 'the plugin is gone').toHappenWithin(1_000);
  });

  test.skipIf(noSignals)(
    `by the first Ctrl-C waits until its plugins have ended gracefully${noSignals}`,
    async () => {
      const it = await host('ctrl-c', 'greets');
      await it.next();
      it.process.kill('SIGINT');
      expect(await it.exited).toEqual({ code: null, signal: 'SIGINT' });
      expect(isAlive(it.plugin)).toBe(false);
    },
  );

  test.skipIf(noSignals)(
    `by Ctrl-C reports that its onInterrupt failed, and ends nevertheless${noSignals}`,
    async () => {
      const it = await host('ctrl-c-failing', 'greets');
      await it.next();
      it.process.kill('SIGINT');
      const { name, message } = await it.next();
      expect(name).toBe('PipeworkWarning');
      expect(message).toMatch(/^onInterrupt failed: Error: the hook is broken/);
      expect(await it.exited).toEqual({ code: null, signal: 'SIGINT' });
      expect(isAlive(it.plugin)).toBe(false);
    },
  );

  test.skipIf(noSignals)(`by the second Ctrl-C does not wait for its plugins${noSignals}`, async () => {
    const it = await host('ctrl-c', 'shuts-down-slowly', { args: ['60000'] });
    await it.next();
    it.process.kill('SIGINT');
    expect(await it.next()).toEqual({ interrupted: true });
    it.process.kill('SIGINT');
    await expect(it.exited, 'the host ends').toHappenWithin(500);
    expect(await it.exited).toEqual({ code: null, signal: 'SIGINT' });
    await expect(() => !isAlive(it.plugin), 'the plugin is gone').toHappenWithin(1_000);
  });

  test('needs no process.exit() while an unref’d plugin runs', async () => {
    const it = await host('unref', 'greets');
    await it.next();
    expect(await it.exited).toEqual({ code: 0, signal: null });
    await expect(() => !isAlive(it.plugin), 'the plugin is gone').toHappenWithin(1_000);
  });

  test('waits for a running call of an unref’d plugin', async () => {
    const it = await host('unref-busy', 'shuts-down-slowly', { args: ['0'] });
    expect(await it.next()).toEqual({ answered: true });
    expect(await it.exited).toEqual({ code: 0, signal: null });
  });
});

const canUnmount =
  process.platform === 'linux' &&
  spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/proc']).status === 0;

const noUnmount = canUnmount ? '' : ' (SKIPPED: needs unshare, and permission to make namespaces)';

test.skipIf(noUnmount)(
  `a host that cannot run /bin/sh warns that it does not watch its plugins${noUnmount}`,
  async () => {
    const behind = ['unshare', '--mount', 'sh', '-c', 'mount --bind /dev/null /bin/sh && exec "$@"', 'sh'];
    const it = await host('idle', 'greets', { behind });
    const warned = (async () => {
      let warning: unknown = it.warnings[0];
      while (warning === undefined) warning = (await it.next())['message'];
      return warning;
    })();
    await expect(warned, 'the warning').toHappenWithin(10_000);
    expect(await warned).toMatch(
      /may outlive this host: plugins are not watched, because \/bin\/sh cannot be run \(EACCES\)/,
    );
  },
);

describe.skipIf(noUnmount)(`a host that cannot distinguish processes${noUnmount}`, () => {
  test.each([
    ['has no /proc', ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /proc && exec "$@"', 'sh']],
    [
      'has the /proc of another process namespace',
      ['unshare', '--pid', '--fork', '--kill-child', 'sh', '-c', '"$@"; exit $?', 'sh'],
    ],
  ])('warns that it does not watch its plugins, because it %s', async (_why, behind) => {
    const it = await host('idle', 'greets', { behind });
    expect(it.warnings).toEqual([
      expect.stringMatching(
        /may outlive this host: plugins are not watched, because there is no \/proc that shows/,
      ),
    ]);
  });
});
