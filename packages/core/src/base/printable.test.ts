import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PluginExitError } from '../host/end/exit.ts';
import { StartError } from '../host/start/start-error.ts';
import { reviveError } from '../rpc/values/revive-error.ts';
import { PipeworkError } from './errors.ts';
import { printable, printableLine } from './printable.ts';

// oxlint-disable-next-line no-control-regex -- they are what must not be there
const obeyed = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const hostile = 'a\u001b]0;title\u0007\u001b[2J\u009b1A\r\u202eb\u2066\u061c\u2028';
const shown = String.raw`a\x1b]0;title\x07\x1b[2J\x9b1A\x0d\u202eb\u2066\u061c\u2028`;

describe('printable text', () => {
  test('has every escape sequence, control character and direction mark written out', () => {
    expect(printable(hostile)).toBe(shown);
  });

  test('keeps tabs, line feeds, quotes and other languages', () => {
    const text = 'ünï\t"cödé"\n日本 🎉 \\x1b';
    expect(printable(text)).toBe(text);
  });

  test('has neither colours nor the carriage returns of Windows', () => {
    expect(printable('\u001b[1;38;5;9mred\u001b[0m\r\nnext')).toBe('red\nnext');
  });

  test('never contains what a terminal obeys, and does not change when made printable again', () => {
    const pieces = fc.constantFrom('\u001b', '[', '1;', 'm', '\r', '\n', '\u009b', '\u202e', 'x', '\u0000');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(pieces).map((parts) => parts.join('')),
        ),
        (text) => {
          const made = printable(text);
          expect(made).not.toMatch(obeyed);
          expect(printable(made)).toBe(made);
          expect(printableLine(text)).not.toMatch(/[\t\n\r]/);
        },
      ),
    );
  });

  test('as one line shows every control character that was received, and is cut at a length', () => {
    expect(printableLine('\u001b[31m\t\r\n')).toBe(String.raw`\x1b[31m\x09\x0d\x0a`);
    expect(printableLine('abcdef', 3)).toBe('abc…');
  });
});

describe('an error about another process', () => {
  const facts = { phase: 'spawn', command: ['./p'], elapsedMs: 1 } as const;

  test.each([
    ['an error of pipework', () => new PipeworkError('RPC_PROTOCOL', hostile)],
    [
      'a failed start',
      () =>
        new StartError('HANDSHAKE_EXITED', hostile, {
          ...facts,
          notes: [hostile],
          stdoutTail: hostile,
          stderrTail: hostile,
        }),
    ],
    ['a lost plugin', () => new PluginExitError('p', undefined, { stderrTail: hostile })],
    ['an error of the peer as text', () => reviveError(hostile, 'greet')],
    ['an error of a method with a hostile name', () => reviveError(printable(hostile), hostile)],
    ['an error of the peer as something else', () => reviveError([hostile], 'greet')],
    [
      'an error of the peer with all fields',
      () =>
        reviveError(
          {
            name: hostile,
            message: hostile,
            stack: hostile,
            cause: { message: hostile },
            data: { at: hostile },
          },
          'greet',
        ),
    ],
    [
      'an error of a built-in class',
      () => reviveError({ name: 'TypeError', message: hostile, stack: hostile }, 'greet'),
    ],
  ])('%s is printable wherever it is shown', (_name, make) => {
    const error = make();
    expect(error.message).not.toMatch(obeyed);
    expect(error.message).toContain('[2J');
    expect(error.stack).not.toMatch(obeyed);
    expect(inspect(error, { depth: 9 })).not.toMatch(obeyed);
  });

  test('keeps its tails as they were received, and its notes printable', () => {
    const error = new StartError('HANDSHAKE_EXITED', 'x', {
      ...facts,
      notes: [hostile],
      stdoutTail: hostile,
      stderrTail: hostile,
    });
    expect([error.stdoutTail, error.stderrTail, ...error.notes]).toEqual([hostile, hostile, shown]);
  });
});
