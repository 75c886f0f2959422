// Tests each exit status that docs/cli.md lists, with commands that must end with it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import {
  bin,
  fixture,
  hanging,
  inProcess,
  noTerminal,
  inTerminal,
  pipework,
  root,
  run,
  skipped,
} from './support/run.ts';

const plugin = ['--', ...fixture];
const dies = [
  ...['--', 'node', '--input-type=module', '-e'],
  'import { serve } from "@pipework/core/plugin"; await serve({ plugins: { a: () => process.exit(3) } })',
];
const exits = ['--', 'node', '-e', 'process.exit(3)'];
const isNotThere = ['--', './no-such-program'];

/**
 * For each status, the arguments of commands that end with it. With status 3, standard output is /dev/full.
 */
const commands: Readonly<Record<number, readonly (readonly string[])[]>> = {
  0: [
    ['call', 'tool.echo', '1', ...plugin],
    ['call', 'tool.nothing', ...plugin],
    ['call', 'kv.keys', ...plugin],
    ['describe', ...plugin],
    ['describe', '--json', ...plugin],
    ['describe', '--dts', ...plugin],
    ['doctor', '--skip', 'wrappers,shell,proc,namespaces,bubblewrap,permission,descriptors,init'],
    ['completion', 'zsh'],
    ['help', 'call'],
    ['--version'],
  ],
  1: [['conformance', '--only', 'cookie', ...exits]],
  2: [
    [],
    ['--nope'],
    ['greet'],
    ['describe'],
    ['describe', '--timeout', '0', ...plugin],
    ['describe', '--json', '--dts', ...plugin],
    ['describe', '--cookie', 'none', ...plugin],
    ['call', 'tool', ...plugin],
    ['call', 'tool.echo', 'text', ...plugin],
    ['call', 'tool.echo', '-', '-', ...plugin],
    ['call', '--stdin', 'xml', 'tool.echo', '-', ...plugin],
    ['call', '--stdin', 'json', 'tool.echo', '-', ...plugin],
    ['call', 'kv.get', '5', ...plugin],
    ['call', 'kv.get', ...plugin],
    ['call', 'kv.get', '"a"', '"b"', ...plugin],
    ['conformance', '--only', 'no such check', ...plugin],
    ['conformance', '--service', 'nope', ...plugin],
    ['conformance', '--only', 'no such service', ...plugin],
    ['conformance', '--json', '--only', 'no such service', ...plugin],
    ['doctor', '--skip', 'nope'],
    ['doctor', '--skip', 'node,wrappers,shell,proc,namespaces,bubblewrap,permission,descriptors,init'],
    ['new', 'A B'],
    ['new', '--language', 'cobol', 'x'],
    ['completion', 'tcsh'],
  ],
  3: [
    ['--help'],
    ['--version'],
    ['help', 'call'],
    ['completion', 'bash'],
    ['describe', ...plugin],
    ['describe', '--json', ...plugin],
    ['call', 'tool.echo', '1', ...plugin],
    ['doctor', '--skip', 'wrappers,shell,proc,namespaces,bubblewrap,permission,descriptors,init'],
    ['conformance', '--only', 'cookie', ...exits],
  ],
  4: [
    ['call', 'tool.fail', ...plugin],
    ['call', 'tool.throwText', ...plugin],
    ['call', 'tool.failAsIfLost', ...plugin],
    ['call', 'broken.any', ...plugin],
  ],
  5: [
    ['call', 'tool.nope', ...plugin],
    ['call', 'nope.echo', ...plugin],
  ],
  6: [
    ['call', 'tool.die', ...plugin],
    ['call', 'a.b', ...dies],
    ['describe', ...dies],
  ],
  7: [
    ['call', 'tool.echo', '1', ...exits],
    ['describe', ...exits],
    ['describe', ...isNotThere],
    ['conformance', ...isNotThere],
    ['describe', '--start-timeout', '300', '--', 'node', '-e', 'setInterval(() => {}, 1000)'],
  ],
  8: [
    ['call', '--timeout', '300', 'tool.wait', ...plugin],
    ['call', '--timeout', '300', 'tool.forever', ...plugin],
    ['call', '--timeout', '300', 'never.greet', '--', ...hanging],
    ['describe', '--timeout', '300', '--', ...hanging],
  ],
};

/** Commands for a terminal, each with the text after which Ctrl-C is pressed. */
const interrupted: readonly (readonly [args: readonly string[], shown: string])[] = [
  [['call', 'tool.wait', ...plugin], 'waiting'],
  [['conformance', '--concurrency', '1', ...plugin], 'of '],
];

/** The rows of the table of statuses in docs/cli.md. */
const documented = [
  ...readFileSync(join(root, 'docs/cli.md'), 'utf8').matchAll(/^\| +(\d+) \| (.+?) +\|$/gm),
].map(([, status = '', meaning = '']): [number, string] => [Number(status), meaning]);

test('the tests below cover each status of docs/cli.md', () => {
  expect(documented.map(([status]) => status)).toEqual([...Object.keys(commands).map(Number), 130]);
});

test.skipIf(process.platform !== 'linux')(
  `the status is 3 if standard output cannot be written${skipped(process.platform === 'linux' ? undefined : 'needs /dev/full')}`,
  async () => {
    for (const args of commands[3] ?? []) {
      const ran = await run(['/bin/sh', '-c', 'exec "$@" > /dev/full', 'sh', process.execPath, bin, ...args]);
      const isForMachines = args.includes('--json');
      const said = isForMachines ? '"error":{"status":3,' : 'standard output cannot be written: ENOSPC';
      expect(ran.stderr, args.join(' ')).toContain(said);
      expect(ran.status, args.join(' ')).toBe(3);
    }
  },
);

test.each(documented.filter(([status]) => status !== 3 && status in commands))(
  'commands end with the status %i: %s',
  async (status) => {
    for (const [index, args] of (commands[status] ?? []).entries()) {
      // The first two commands are processes, which end with the status.
      const ran = index < 2 ? await pipework(args) : await inProcess(args);
      expect(ran.status, `pipework ${args.join(' ')}\n${ran.stderr}`).toBe(status);
      // With --json, an error is printed as one line of JSON that has the status.
      const last = ran.stderr.trim().split('\n').at(-1) ?? '';
      if (args.includes('--json') && status !== 0)
        expect(JSON.parse(last)).toHaveProperty('error.status', status);
    }
  },
);

test.skipIf(noTerminal !== undefined).each(interrupted)(
  `the exit status after Ctrl-C is 130: %j${skipped(noTerminal)}`,
  async (args, shown) => {
    const ran = await inTerminal(args, [[shown, '\u0003']], { NO_COLOR: '1' });
    expect(ran.status).toBe(130);
    // The text before the last erased line is the progress, which is left out here.
    const last = ran.shown.split('\n').at(-2)?.split('\u001b[2K').at(-1);
    expect(last?.trim()).toBe('pipework: interrupted');
  },
);

const testkits = join(root, 'packages/testkit/dist/pipework-conformance.js');

test.skipIf(process.platform === 'win32').each([
  ['SIGINT', 'pipework conformance', [bin, 'conformance'], [130, null]],
  ['SIGTERM', 'pipework conformance', [bin, 'conformance'], [null, 'SIGTERM']],
  ['SIGHUP', 'pipework conformance', [bin, 'conformance'], [null, 'SIGHUP']],
  ['SIGTERM', 'pipework-conformance', [testkits], [null, 'SIGTERM']],
] as const)('if %s interrupts `%s`, the running plugins are ended', async (signal, _, command, exit) => {
  const mark = `conformance-${process.pid}-${performance.now()}`;
  const args = [...command, '--', 'sh', '-c', `sleep 300 & : ${mark}; wait`];
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  const running = async (): Promise<number> =>
    (await run(['ps', '-eo', 'args'])).stdout
      .split('\n')
      .filter((line) => line.startsWith('sh ') && line.includes(mark)).length;
  await expect.poll(running, { timeout: 30_000 }).toBeGreaterThan(0);
  child.kill(signal);
  expect(await ended).toEqual(exit);
  expect(await running()).toBe(0);
});

/**
 * The first nine starts end immediately, and the tenth does not end. Each start appends a line to $STARTS.
 */
const hangsAtLast = 'echo >> "$STARTS"; [ "$(wc -l < "$STARTS")" -lt 10 ] || exec sleep 300';

test.skipIf(process.platform === 'win32').each(['SIGINT', 'SIGTERM'] as const)(
  'if %s interrupts `pipework conformance`, it prints the results so far, and how many checks are missing',
  async (signal) => {
    const interruptedRun = async (...options: string[]): Promise<string> => {
      const folder = mkdtempSync(join(tmpdir(), 'pipework-conformance-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const starts = join(folder, 'starts');
      writeFileSync(starts, '');
      const args = [
        'conformance',
        '--quick',
        '--concurrency',
        '1',
        ...options,
        '--',
        'sh',
        '-c',
        hangsAtLast,
      ];
      const child = spawn(process.execPath, [bin, ...args], {
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...process.env, STARTS: starts },
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      const printed = text(child.stdout);
      await expect.poll(() => readFileSync(starts, 'utf8').length, { timeout: 30_000 }).toBe(10);
      child.kill(signal);
      return await printed;
    };
    expect(await interruptedRun()).toMatch(
      /^\S.*\n {2}FAILED [^]*\n\n0 passed, \d+ failed, .*\nthe run was interrupted: \d+ of \d+ checks did not run to their end\n$/,
    );
    const { ok, notRun, checks } = JSON.parse(await interruptedRun('--json')) as {
      ok: boolean;
      notRun: number;
      checks: unknown[];
    };
    expect(ok).toBe(false);
    expect(notRun).toBeGreaterThan(0);
    expect(checks.length).toBeGreaterThan(0);
  },
);

test.skipIf(process.platform === 'win32')(
  'the status is 0 if standard output was closed before the start, because Node opens /dev/null instead',
  async () => {
    const ran = await run(['/bin/sh', '-c', 'exec "$@" >&-', 'sh', process.execPath, bin, '--version']);
    expect(ran).toEqual({ status: 0, stdout: '', stderr: '' });
  },
);
