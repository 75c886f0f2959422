import { PassThrough } from 'node:stream';
import { PipeworkError } from '@pipework/core';
import { expect, test } from 'vitest';
import { CallFailed } from './exit-status.ts';
import { report } from './report.ts';

const io = {
  stdin: () => new PassThrough(),
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  env: {},
  cwd: '/',
  onInterrupt: () => () => {},
};

const inWords = (error: unknown): string[] =>
  report(new CallFailed('failed', error), io, false).trimEnd().split('\n');

const numberOf = (json: string, name: string): number => json.split(`"name":"${name}"`).length - 1;
const inJson = (error: unknown): string => report(new CallFailed('failed', error), io, true);

/** Returns an error with a chain of `count` causes. */
const chain = (count: number): Error =>
  Array.from({ length: count }).reduce<Error>(
    (cause, _, n) => new Error(`cause ${n}`, { cause }),
    new Error('first'),
  );

test('shows causes, their codes and data, and members of causes, in words', () => {
  const disk = Object.assign(new TypeError('no such file\nof that name'), {
    code: 'ENOENT',
    data: { path: '/a' },
  });
  const tries = new AggregateError([new RangeError('one', { cause: 'late' }), { two: 2n }], 'both tries', {
    cause: disk,
  });
  expect(inWords(new Error('cannot start', { cause: new Error('cannot load', { cause: tries }) }))).toEqual([
    'pipework: Error: cannot start',
    '  cause: Error: cannot load',
    '    cause: AggregateError: both tries',
    '      cause: TypeError [ENOENT]: no such file',
    '          of that name',
    '        data: {"path":"/a"}',
    '      error: RangeError: one',
    "        cause: 'late'",
    '      error: { two: 2n }',
  ]);
});

test('leaves out a cause that the message of a pipework error contains, but shows the causes of that cause', () => {
  const reset = new Error('reset', { cause: new Error('too many streams') });
  const closed = new PipeworkError('RPC_CLOSED', 'the session ended: reset', { cause: reset });
  expect(inWords(closed)).toEqual([
    'pipework: [RPC_CLOSED] the session ended: reset',
    '  cause: Error: too many streams',
  ]);
});

test('shows a cause without a message by its name', () => {
  const closed = new PipeworkError('RPC_CLOSED', 'the session ended', { cause: new TypeError('') });
  expect(inWords(closed).at(-1)).toBe('  cause: TypeError: an error without a message');
});

test('shows eight causes, and says in words and in JSON that there are more', () => {
  expect(inWords(chain(8)).filter((line) => line.includes('cause: '))).toHaveLength(8);
  expect(inWords(chain(8)).at(-1)).toMatch(/cause: Error: first$/);
  expect(inJson(chain(8))).not.toContain('isCut');
  const lines = inWords(chain(9));
  expect(lines.filter((line) => line.includes('cause: '))).toHaveLength(8);
  expect(lines.at(-1)).toMatch(/^ +and more causes, which are not shown$/);
  expect(numberOf(inJson(chain(9)), 'Error') - 1).toBe(8);
  expect(inJson(chain(9))).toContain('"message":"cause 0","isCut":true}');
});

test('leaves out a cause that says only what the end of the message says', () => {
  const failed = (cause: Error): string[] =>
    inWords(new Error(`the factory failed: ${cause.message}`, { cause }));
  expect(failed(new Error('no'))).toEqual(['pipework: Error: the factory failed: no']);
  expect(failed(new TypeError('no')).at(-1)).toBe('  cause: TypeError: no');
  expect(failed(Object.assign(new Error('no'), { code: 'E' })).at(-1)).toBe('  cause: Error [E]: no');
  expect(failed(Object.assign(new Error('no'), { data: 1 })).slice(-2)).toEqual([
    '  cause: Error: no',
    '    data: 1',
  ]);
});

test('shows eight members of an error, and at most 65 errors, in words', () => {
  const many = new AggregateError(
    Array.from({ length: 10 }, () => new Error('no')),
    'all failed',
  );
  expect(inWords(many).slice(-2)).toEqual(['  error: Error: no', '  and 2 more errors']);
  const tree = new AggregateError(
    Array.from({ length: 10 }, () => many),
    'all of all failed',
  );
  const lines = inWords(tree);
  expect(lines.at(-1)).toBe('  and more, which --json shows');
  expect(lines.length).toBe(66);
});

test('shows an error that is its own cause, without an endless loop', () => {
  const own = new PipeworkError('RPC_CLOSED', 'closed');
  Object.defineProperty(own, 'cause', { value: own });
  expect(inWords(own)).toEqual(['pipework: [RPC_CLOSED] closed', '  and more causes, which are not shown']);
});
