import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PluginExitError } from '../host/end/exit.ts';
import { StartError } from '../host/start/start-error.ts';
import { reviveError } from '../rpc/values/revive-error.ts';
import { PipeworkError } from './errors.ts';
import { printable, printableLine } from './printable.ts';

// oxlint-disable-next-line no-control-regex -- the pattern finds these characters
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

  test('never contains anything that a terminal obeys, and does not change when made printable again', () => {
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

  test('of more than 65,536 characters does not grow', () => {
    const text = `${'\u0007a\u202e'.repeat(30_000)}\u001b[1;31m\r\n${'\u001b[2J'.repeat(10)}`;
    const made = printable(text);
    expect(made).toBe(`${'\ufffda\ufffd'.repeat(30_000)}\n${'\ufffd[2J'.repeat(10)}`);
    expect(printable(made)).toBe(made);
    const short = '\u0007'.repeat(65_536);
    expect(printable(short)).toBe(String.raw`\x07`.repeat(65_536));
    expect(printable(`${short}\u0007`)).toBe('\ufffd'.repeat(65_537));
  });

  test('of many characters has no colour, even if the text is split within its sequence', () => {
    const colour = '\u001b[38;2;255;255;255;48;2;255;255;255m';
    for (let at = 0; at <= colour.length; at++) {
      const before = 'x'.repeat(65_536 - at);
      expect(printable(`${before}${colour}${before}${colour}\r\nend`)).toBe(`${before}${before}\nend`);
    }
  });

  test('of many characters is the same wherever the text is split into pieces', () => {
    const pieces = ['\u001b[31m', '\r\n', '\r', '\u001b', 'é🎉', '\ud800', '\u0000'];
    for (const piece of pieces) {
      for (let before = 65_530; before < 65_540; before++) {
        const made = printable(`${'x'.repeat(before)}${piece}${'y'.repeat(10)}`);
        expect(made).not.toMatch(obeyed);
        expect(made.startsWith('x'.repeat(before))).toBe(true);
        expect(made.endsWith('y'.repeat(10))).toBe(true);
        if (piece === 'é🎉' || piece === '\ud800') expect(made).toContain(`x${piece}y`);
      }
    }
  });

  test('on one line shows what was received, up to a maximum length', () => {
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

  test('is shown with the colours of util.inspect, and with nothing else that a terminal obeys', () => {
    const pattern = new RegExp(['\u0007', '\u202e', '\u001b[8m]'].join(''));
    const error = reviveError({ message: 'x', data: { pattern, n: 1 } }, 'greet');
    const plain = inspect(error, { colors: false });
    expect(plain).toContain(String.raw`\x07`);
    expect(plain).not.toMatch(obeyed);
    const coloured = inspect(error, { colors: true });
    const number = `\u001b[${inspect.colors.yellow!.join('m1\u001b[')}m`;
    expect(coloured).toContain(number);
    expect(coloured).not.toContain('\u001b[8m');
    expect(coloured.replace(/\u001b\[\d+m/g, '')).not.toMatch(obeyed); // oxlint-disable-line no-control-regex -- these are colours
  });

  test('keeps its tails as they were received, and has printable notes', () => {
    const error = new StartError('HANDSHAKE_EXITED', 'x', {
      ...facts,
      notes: [hostile],
      stdoutTail: hostile,
      stderrTail: hostile,
    });
    expect([error.stdoutTail, error.stderrTail, ...error.notes]).toEqual([hostile, hostile, shown]);
  });
});
