import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { bubblewrap, cleanupOnInterrupt, overStdio } from '../../src/index.ts';
import { failure, plugin } from '../support/life.ts';

const wrong = (value: unknown): never => value as never;

/** Returns a list of two places. The first place is a hole. */
const withHole = (second: unknown): never => wrong(Object.assign([], { 1: second }));

test.each<[string, () => unknown, RegExp]>([
  ['overStdio(5)', () => overStdio(wrong(5)), /^options must be an object of via; got 5/],
  ['overStdio({ foo })', () => overStdio(wrong({ foo: 1 })), /^options must be made of via, not foo/],
  ['overStdio({ via: 5 })', () => overStdio({ via: wrong(5) }), /^via must be a function; got 5/],
  ['bubblewrap(null)', () => bubblewrap(wrong(null)), /^options must be an object/],
  ['bubblewrap({ bwrap: 5 })', () => bubblewrap({ bwrap: wrong(5) }), /^bwrap must be the program/],
  ['bubblewrap({ readable })', () => bubblewrap({ readable: wrong('/x') }), /^readable must be a list of/],
  ['bubblewrap({ writable })', () => bubblewrap({ writable: [''] }), /^writable must be a list of/],
  ['bubblewrap({ args })', () => bubblewrap({ args: [wrong(5)] }), /^args must be a list of texts/],
  [
    'bubblewrap({ readable }) with a hole',
    () => bubblewrap({ readable: withHole('/etc') }),
    /^readable must be a list of texts/,
  ],
  ['bubblewrap({ network })', () => bubblewrap({ network: wrong('no') }), /^network must be true or/],
  ['bubblewrap({ write })', () => bubblewrap(wrong({ write: [] })), /^options must be made of .*not write/],
  ['cleanupOnInterrupt(null)', () => cleanupOnInterrupt(wrong(null)), /^options must be an object/],
  ['cleanupOnInterrupt({ signals: 5 })', () => cleanupOnInterrupt({ signals: wrong(5) }), /^signals must/],
  [
    'cleanupOnInterrupt of a hole',
    () => cleanupOnInterrupt({ signals: withHole('SIGINT') }),
    /^signals must/,
  ],
  ['cleanupOnInterrupt of INT', () => cleanupOnInterrupt({ signals: [wrong('INT')] }), /^signals must/],
  [
    'cleanupOnInterrupt({ onInterrupt })',
    () => cleanupOnInterrupt({ onInterrupt: wrong(1) }),
    /^onInterrupt/,
  ],
])('%s throws immediately, and the error names the invalid option', (_name, make, message) => {
  const listeners = process.listenerCount('SIGINT');
  expect(make).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }),
  );
  expect(process.listenerCount('SIGINT')).toBe(listeners);
});

describe('overStdio()', () => {
  test.each([
    ['nothing', () => undefined],
    ['an empty list', () => []],
    ['numbers', () => ['ssh', 5]],
    ['a list with a hole', () => withHole('ssh')],
  ])('makes the start fail if via returns %s', async (_name, via) => {
    const error = await failure(plugin('greets', { launcher: overStdio({ via: wrong(via) }) }).start());
    expect(error.code).toBe('PLUGIN_NOT_STARTED');
    expect(error.message).toContain('via must be a function that returns [file, ...args]');
  });

  test('refuses a stream as standard input, because standard input carries the protocol', async () => {
    const error = await failure(
      plugin('greets', { launcher: overStdio(), stdin: new PassThrough() }).start(),
    );
    expect(error.code).toBe('PLUGIN_NOT_STARTED');
    expect(error.message).toContain('stdin must be left out with overStdio()');
  });

  test('gives the plugin a process.stdin that has ended', async () => {
    const rpc = await plugin('looks-at-stdin', { launcher: overStdio() }).client();
    const looker = (await rpc.dispense('looker' as never)) as { look(): Promise<unknown> };
    expect(await looker.look()).toEqual({ isTTY: false, text: '' });
    expect(await looker.look()).toEqual({ isTTY: false, text: '' });
  });
});
