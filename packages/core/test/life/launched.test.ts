import { spawn, type ChildProcess } from 'node:child_process';
import { PassThrough, Readable, type Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import {
  Client,
  type LaunchCommand,
  type LaunchedProcess,
  type Launcher,
  type ProcessExit,
  type StartError,
} from '../../src/index.ts';
import { Collector, failure, isAlive, plugin, until } from '../support/life.ts';

/**
 * Returns a launcher, and the list of child processes that it has started. The fields of `over` replace those
 * of each LaunchedProcess.
 */
function handWritten(over: object): { launcher: Launcher; children: ChildProcess[] } {
  const children: ChildProcess[] = [];
  const launcher = (command: LaunchCommand): LaunchedProcess => {
    const child = spawn(command.file, command.args, {
      env: command.env,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    });
    children.push(child);
    return {
      ...(child.pid === undefined ? {} : { pid: child.pid }),
      readable: child.stdio[4] as Readable,
      writable: child.stdio[3] as Writable,
      stdout: child.stdout as Readable,
      stderr: child.stderr as Readable,
      exited: new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal }))),
      kill: (signal) => child.kill(signal),
      ...over,
    };
  };
  return { launcher, children };
}

describe('the value that a launcher returns', () => {
  test.each([
    ['nothing', () => undefined, 'a LaunchedProcess'],
    ['null', () => null, 'a LaunchedProcess'],
    ['a number', () => 5, 'a LaunchedProcess'],
    ['an empty object', () => ({}), "launcher's readable must be a Readable"],
    ['the promise of an empty object', async () => ({}), "launcher's readable must be a Readable"],
  ])('makes the start fail if it is %s, and says what was expected', async (_name, launcher, text) => {
    const client = new Client({ cmd: ['x'], launcher: launcher as unknown as Launcher, stdin: 'ignore' });
    const error = await failure(client.start());
    expect(error).toMatchObject({ name: 'StartError', code: 'PLUGIN_NOT_STARTED' });
    expect(error.message).toContain(text);
    expect(await client.kill()).toMatchObject({ by: 'none' });
  });

  test.each([
    ['exited', { exited: undefined }],
    ['exited', { exited: { code: 0 } }],
    ['writable', { writable: new PassThrough().read }],
    ['stderr', { stderr: 'inherit' }],
    ['pid', { pid: 'many' }],
    ['ref', { ref: true }],
  ])('makes the start fail if its member %s is invalid, and no process is left', async (field, over) => {
    const { launcher, children } = handWritten(over);
    const error = await failure(plugin('greets', { launcher }).start());
    expect(error.code).toBe('PLUGIN_NOT_STARTED');
    expect(error.message).toContain(`the launcher's ${field} must be`);
    const pid = children[0]?.pid as number;
    await until(() => !isAlive(pid));
  });

  test('makes the start fail if it has no kill(): the error names kill, and the pipe is closed', async () => {
    const { launcher, children } = handWritten({ kill: undefined });
    const error = await failure(plugin('greets', { launcher }).start());
    expect(error.message).toContain(
      "the launcher's kill must be a function that takes a signal; got nothing",
    );
    const pid = children[0]?.pid as number;
    await until(() => !isAlive(pid));
  });

  test.each([
    ['undefined', Promise.resolve(undefined)],
    ["execa's result", Promise.resolve({ exitCode: 0 })],
  ])('may resolve `exited` to %s: then the exit report has no code or signal', async (_name, exited) => {
    const { launcher, children } = handWritten({ exited });
    const client = plugin('greets', { launcher });
    const started = client.start().catch((error: unknown) => error);
    expect(await client.exit).toMatchObject({ code: null, signal: null, outOfMemory: false });
    await started;
    children[0]?.kill('SIGKILL');
  });

  test('may report which limit ended the process and what enforced the limit: the report and the errors have both', async () => {
    let end = (_exit: ProcessExit): void => {};
    const exited = new Promise<ProcessExit>((resolve) => (end = resolve));
    const { launcher, children } = handWritten({ exited });
    const client = plugin('makes-trouble', { launcher });
    const trouble = await (await client.client()).dispense('trouble');
    const call = failure<Error & { cause: Error }>(trouble.hang());
    children[0]?.kill('SIGKILL');
    const told = { limit: 'memory', reason: 'ended by the launcher', held: { net: 'walls' } } as const;
    end({ code: null, signal: 'SIGKILL', ...told });
    expect(await client.exit).toMatchObject({ ...told, by: 'plugin', outOfMemory: true });
    expect((await call).cause.message).toContain('exited with signal SIGKILL, ended by the launcher after');
  });

  test('may report why a process ended before its handshake: the error of the start has the reason', async () => {
    const told = { limit: 'memory', reason: 'ended by the launcher' } as const;
    const exited = Promise.resolve<ProcessExit>({ code: null, signal: 'SIGKILL', ...told });
    const ended = { readable: Readable.from([]), writable: new PassThrough(), kill: () => false, exited };
    const error = await failure<StartError>(plugin('greets', { launcher: () => ended }).start());
    expect(error).toMatchObject({ code: 'HANDSHAKE_EXITED', signal: 'SIGKILL' });
    expect(error.message).toMatch(/ms, signal SIGKILL, ended by the launcher\n/);
  });

  test('may report values of wrong types: the exit report leaves them out', async () => {
    const exited = Promise.resolve({ code: 0, signal: null, limit: 'time', reason: 5, held: 'walls' });
    const { launcher, children } = handWritten({ exited });
    const client = plugin('greets', { launcher });
    const started = client.start().catch((error: unknown) => error);
    expect(Object.keys(await client.exit)).not.toEqual(expect.arrayContaining(['limit', 'reason', 'held']));
    await started;
    children[0]?.kill('SIGKILL');
  });

  test('may be a promise that rejects: an error with `permanent: true` makes the start error permanent', async () => {
    const start = (error: Error): Promise<StartError> =>
      failure<StartError>(
        new Client({ cmd: ['x'], launcher: () => Promise.reject(error), stdin: 'ignore' }).start(),
      );
    expect((await start(Object.assign(new Error('no means'), { permanent: true }))).permanent).toBe(true);
    expect((await start(new Error('no room'))).permanent).toBe(false);
  });

  test('makes the start fail if its `exited` rejects, and the error has that reason', async () => {
    const reason = new Error('no such room');
    const made = { readable: new PassThrough(), writable: new PassThrough(), kill: () => false };
    const launcher = (): LaunchedProcess => ({ ...made, exited: Promise.reject(reason) });
    const error = await failure(new Client({ cmd: ['x'], launcher, stdin: 'ignore' }).start());
    expect(error).toMatchObject({ name: 'StartError', code: 'PLUGIN_NOT_STARTED', cause: reason });
    expect(error.message).toContain('no such room');
  });

  test('is a process that is killed if the last step of the start fails', async () => {
    const unref = (): void => {
      throw new Error('held for good');
    };
    const { launcher, children } = handWritten({ unref });
    const client = plugin('greets', { launcher });
    client.unref();
    await expect(client.start()).rejects.toThrow('held for good');
    expect(await client.kill()).toMatchObject({ by: 'sigterm' });
    expect(isAlive(children[0]?.pid as number)).toBe(false);
  });

  test('may throw in kill(): the client still makes the exit report', async () => {
    const kill = (): boolean => {
      throw new Error('no such room');
    };
    const { launcher } = handWritten({ kill });
    const client = plugin('greets', { launcher, processGroup: true });
    await client.start();
    expect(await client.kill()).toMatchObject({ by: 'quit', code: 0 });
  });
});

describe('a Readable as standard input', () => {
  test.each(['before the start', 'later'])(
    'ends for the plugin if the Readable is destroyed %s',
    async (when) => {
      const source = new Readable({ read() {} });
      if (when === 'before the start') source.destroy();
      const stdout = new Collector();
      const client = plugin('tells-the-end-of-stdin', { stdin: source, syncStdout: stdout });
      await client.start();
      source.once('error', () => {});
      source.destroy(new Error('the source fails'));
      await until(() => stdout.text === 'over\n');
    },
  );

  test('stays open when the plugin has ended', async () => {
    const source = new PassThrough();
    const client = plugin('echoes-stdin', { stdin: source });
    const before = source.listenerCount('close');
    await client.start();
    await client.kill();
    expect(source.destroyed).toBe(false);
    expect(source.listenerCount('close')).toBe(before);
  });
});
