import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bubblewrapArguments, privatePlaces } from './bubblewrap.ts';
import { killsIn, limitScript } from './keeper.ts';
import { checkOptions } from './options.ts';
import { findProgram } from './program.ts';
import { denoPlan, nodePlan } from './runtime-flags.ts';
import { howToInstall } from './system.ts';

const place = (path: string): { given: string; real: string } => ({ given: path, real: path });
const node = {
  file: '/bin/node',
  args: ['/p.js', 'x'],
  runtime: 'node',
  script: '/p.js',
  scriptIndex: 0,
  through: [],
} as const;

describe('bubblewrap', () => {
  const view = { read: [], write: [], cwd: '/work', net: false, masked: [], scratchBytes: 1_000 };
  const at = (words: string[], ...part: string[]): number => words.join(' ').indexOf(part.join(' '));

  test('mounts the inner place after the outer one, and listed places after private ones', () => {
    const words = bubblewrapArguments(
      { ...view, read: ['/', '/tmp/shown', '/a/b'].map(place), write: ['/a', '/tmp'].map(place) },
      5,
    );
    const order = [
      '--ro-bind / /',
      '--tmpfs /tmp',
      '--bind /tmp /tmp',
      '--ro-bind /tmp/shown',
      '--dev /dev',
      '--tmpfs /dev/shm',
    ];
    const places = order.map((part) => at(words, part));
    expect(places).not.toContain(-1);
    const [whole = 0, scratch = 0, changed = 0, inner = 0, devices = 0, shared = 0] = places;
    expect([whole, scratch, changed, inner].toSorted((a, b) => a - b)).toEqual([
      whole,
      scratch,
      changed,
      inner,
    ]);
    expect(devices).toBeLessThan(shared);
    expect(whole).toBeLessThan(devices);
  });

  test('shows a listed link under its own name and its target’s, unless a visible directory already has the link', () => {
    const link = { given: '/links/a', real: '/real/a' };
    const alone = bubblewrapArguments({ ...view, read: [link] }, 5).join(' ');
    expect(alone).toContain('--ro-bind /real/a /links/a');
    const inside = bubblewrapArguments({ ...view, read: [place('/links'), link] }, 5).join(' ');
    expect(inside).not.toContain('--ro-bind /real/a /links/a');
    expect(inside).toContain('--ro-bind /real/a /real/a');
  });

  test.each([
    [['/'], '/work/a', false],
    [['/'], '/tmp/a', true],
    [['/', '/tmp'], '/tmp/a', false],
    [['/tmp/a'], '/tmp/a/b', false],
    [[], '/work', true],
  ])('makes the working directory unless %j shows it: directory %s, made %s', (shown, cwd, isMade) => {
    const words = bubblewrapArguments({ ...view, read: shown.map(place), cwd }, 5);
    expect(at(words, '--dir', cwd) !== -1).toBe(isMade);
  });

  test.each([
    [[], ['/dev/shm', '/tmp', '/run']],
    [
      ['/', '/tmp/a'],
      ['/dev/shm', '/tmp', '/run'],
    ],
    [['/tmp'], ['/dev/shm', '/run']],
  ])('keeps its own directories private unless %j lists them: %j', (shown, own) => {
    expect(privatePlaces({ ...view, write: shown.map(place) })).toEqual(own);
  });

  test('shares the network only if it is granted', () => {
    expect(bubblewrapArguments(view, 5)).toContain('--unshare-net');
    expect(bubblewrapArguments({ ...view, net: true }, 5)).not.toContain('--unshare-net');
  });
});

describe('permission models', () => {
  const grants = { policy: checkOptions({ net: true }), read: [place('/r')], write: [place('/w')] };

  test.each([
    ['20.19.0', '--experimental-permission', false],
    ['22.12.0', '--experimental-permission', false],
    ['22.13.0', '--permission', false],
    ['23.4.0', '--experimental-permission', false],
    ['24.0.0', '--permission', false],
    ['25.0.0', '--permission', true],
  ])('are switched on in Node %s by %s', (version, flag, holdsNet) => {
    const { args, problems } = nodePlan(grants, node, version, true);
    expect(problems).toEqual([]);
    expect(args).toEqual([
      flag,
      '--allow-fs-read=/r',
      '--allow-fs-read=/w',
      '--allow-fs-write=/w',
      ...(holdsNet ? ['--allow-net'] : []),
      '/p.js',
      'x',
    ]);
    const without = nodePlan({ ...grants, policy: checkOptions({}) }, node, version, true);
    expect(without.problems).toHaveLength(holdsNet ? 0 : 1);
    expect(without.args).not.toContain('--allow-net');
  });

  test('are refused if they deny a plugin not only the network, but also its pipes', () => {
    const without = { ...grants, policy: checkOptions({}) };
    expect(nodePlan(without, node, '26.12.1', false).problems).toEqual([
      'net: false: the permission model of Node 26.12.1 denies not only the network, but also the pipes of a plugin',
    ]);
  });

  test('are refused if they would read one listed path as several paths', () => {
    for (const path of ['/a*', '/a,b']) {
      const odd = { ...grants, read: [place(path)] };
      expect(nodePlan(odd, node, '24.0.0', true).problems[0]).toContain(path);
      expect(denoPlan(odd, { ...node, runtime: 'deno' }).problems[0]).toContain(path);
    }
  });
});

describe('a command under a permission model', () => {
  const granting = (args: readonly string[], runtime: 'node' | 'deno' = 'node'): boolean => {
    const program = findProgram({ file: `/bin/${runtime}`, args, cwd: '/', path: undefined });
    const given = { policy: checkOptions({ net: true }), read: [], write: [] };
    const { problems } =
      runtime === 'deno' ? denoPlan(given, program) : nodePlan(given, program, '24.0.0', true);
    return problems.some((problem) => problem.startsWith('the command grants permissions itself'));
  };

  test.each([
    [['--allow_fs_read=*', 'p.js']],
    [['--no-permission', 'p.js']],
    [['--no-experimental-permission', 'p.js']],
    [['--env-file=.env', 'p.js']],
    [['--run', 'script']],
    [['--experimental-default-config-file', 'p.js']],
    [['--eval=code', '--allow-fs-read=*']],
    [['-e', 'code', '--allow-fs-read=*']],
  ])('is refused if its arguments give Node more permissions: %j', (args) => {
    expect(granting(args)).toBe(true);
  });

  test.each([[['-qA', 'p.js']], [['-P', 'p.js']], [['run', '-A', 'p.js']], [['--env=.env', 'p.js']]])(
    'is refused if its arguments give Deno more permissions: %j',
    (args) => {
      expect(granting(args, 'deno')).toBe(true);
    },
  );

  test('may give its script any arguments', () => {
    expect(granting(['p.js', '--allow-fs-read=*', 'x'])).toBe(false);
    expect(granting(['p.js', '-A', 'x'], 'deno')).toBe(false);
  });

  test('is refused if the policy lists variables that load code', () => {
    const given = { policy: checkOptions({ net: true, env: ['LD_PRELOAD'] }), read: [], write: [] };
    expect(nodePlan(given, node, '24.0.0', true).problems).toEqual([
      'env: LD_PRELOAD could load code to which the permission model of Node 24.0.0 does not apply',
    ]);
  });
});

test('a policy for Deno must not list the variable by which another program grants permissions', () => {
  const given = { policy: checkOptions({ env: ['DENO_PERMISSION_BROKER_PATH'] }), read: [], write: [] };
  expect(denoPlan(given, { ...node, runtime: 'deno' }).problems).toEqual([
    'env: DENO_PERMISSION_BROKER_PATH could grant what is not listed',
  ]);
});

describe('options', () => {
  test('with the value of a variable are refused, and the error does not show the value', () => {
    expect(() => checkOptions({ env: ['TOKEN=secret'] })).toThrow(
      'env must be a list of names, without values; got TOKEN=…',
    );
  });

  test('are copied, because later changes would not be checked', () => {
    const env = ['A'];
    const resources: { memoryBytes: number } = { memoryBytes: 1 };
    const policy = checkOptions({ env, resources });
    env.push('B');
    resources.memoryBytes = -1;
    expect(policy).toMatchObject({ env: ['A'], resources: { memoryBytes: 1 } });
  });

  test('are refused if a text is empty or holds a NUL, and the message says so', () => {
    const message = ' must be a list of texts that are not empty and hold no NUL; got ';
    expect(() => checkOptions({ read: [''] })).toThrow(`read${message}[ '' ]`);
    expect(() => checkOptions({ env: ['a\0b'] })).toThrow(`env${message}[ 'a\\x00b' ]`);
  });

  test.each([[1n], [Object.assign([], { toJSON: () => undefined })]])(
    'of odd types are refused like other invalid options',
    (odd) => {
      expect(() => checkOptions({ read: [odd as never] })).toThrow('read must be a list of texts');
    },
  );

  test('accept no more processor time than the kernel can count', () => {
    expect(() => checkOptions({ resources: { cpuSeconds: 18_446_744_074 } })).toThrow(
      'resources.cpuSeconds must be at most 10000000000',
    );
  });
});

describe('a command', () => {
  function program(text: string): string {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pipework-program-')));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'program');
    writeFileSync(file, text);
    chmodSync(file, 0o755);
    return file;
  }

  test('is found on PATH, and its #! line decides which program runs', () => {
    const interpreter = program('binary');
    const script = program(`#!${interpreter} -x y\nprint`);
    const found = findProgram({ file: script, args: ['1'], cwd: '/', path: undefined });
    expect(found).toMatchObject({ file: interpreter, args: ['-x y', script, '1'] });
    const folder = join(interpreter, '..');
    expect(findProgram({ file: 'program', args: [], cwd: '/', path: `/nowhere:${folder}` }).file).toBe(
      interpreter,
    );
  });

  test.skipIf(process.platform === 'win32')('whose program is a FIFO is looked at without reading it', () => {
    const fifo = program('');
    rmSync(fifo);
    execFileSync('mkfifo', ['-m', '755', fifo]);
    // While this process has the FIFO open for writing, a reader would not hang, but would get these bytes.
    const writer = openSync(fifo, 'r+');
    onTestFinished(() => closeSync(writer));
    writeSync(writer, '#!/bin/other\n');
    expect(findProgram({ file: fifo, args: [], cwd: '/', path: undefined })).toMatchObject({
      file: fifo,
      through: [],
    });
  });

  test('after env in a #! line is found as env would find it', () => {
    const script = program('#!/usr/bin/env -S node --no-warnings\n');
    const path = join(process.execPath, '..');
    expect(findProgram({ file: script, args: ['1'], cwd: '/', path })).toMatchObject({
      file: join(path, 'node'),
      args: ['--no-warnings', script, '1'],
      runtime: 'node' as const,
      script,
    });
  });

  test.each([
    [['p.js', 'data'], '/work/p.js'],
    [['--import', './hook.js', '-C', 'dev', 'p.js'], '/work/p.js'],
    [['run', '--allow-all', 'p.ts'], '/work/p.ts'],
    [['--', '-odd.js'], '/work/-odd.js'],
    [['-e', 'code', 'data'], undefined],
    [[], undefined],
  ])('that starts Node with the arguments %j has the script %s', (args, script) => {
    expect(findProgram({ file: process.execPath, args, cwd: '/work', path: '' }).script).toBe(script);
  });

  test('whose program is not an interpreter has no script, only arguments', () => {
    expect(
      findProgram({ file: '/bin/cat', args: ['/etc/shadow'], cwd: '/', path: '' }).script,
    ).toBeUndefined();
  });
});

test.each([
  ['ID=debian\n', 'Install it with `apt-get install x`'],
  ['NAME=x\nID="linuxmint"\nID_LIKE="ubuntu debian"\n', 'Install it with `apt-get install x`'],
  ['ID=alpine\n', 'Install it with `apk add x`'],
  ['ID=plan9\n', 'Install the package x'],
])('the advice on how to install a package fits the system %j', (release, advice) => {
  expect(howToInstall('x', release)).toBe(advice);
});

test.each([
  ['2', '0::/a.slice/b.scope\n', 'a.slice/b.scope', 'memory.max', 'memory.events', 'oom 5\noom_kill 3\n'],
  [
    '1, beside an empty tree of version 2',
    '9:name=systemd:/b.scope\n4:memory:/b.scope\n0::/b.scope\n',
    'memory/b.scope',
    'memory.limit_in_bytes',
    'memory.oom_control',
    'oom_kill_disable 0\nunder_oom 0\noom_kill 3\n',
  ],
])('limit and kills are read from a control group of version %s', (_, lines, group, limit, count, counts) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'pipework-groups-')));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, group), { recursive: true });
  writeFileSync(join(root, 'lines'), lines);
  writeFileSync(join(root, group, limit), '1073741824\n');
  writeFileSync(join(root, group, count), counts);
  expect(killsIn(lines, root)).toBe(3);
  const script = limitScript(join(root, 'lines'), root);
  expect(execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' })).toBe('1073741824\n');
  rmSync(join(root, group), { recursive: true });
  expect(killsIn(lines, root)).toBe(0);
});
