import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printableSource, wellFormedSource } from './pattern-source.ts';

// oxlint-disable-next-line no-control-regex -- the pattern finds these characters
const obeyed = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

const syntax = ['\\', 'b', '[', ']', '^', '-', '(', ')', '?', '1', 'c', 'x', 'u', 'd83d', '{', '}'];

/** Expects that rewritten sources match the same texts. `parts` are parts of sources and of texts. */
function expectSameMatches(
  rewrite: (source: string, flags: string) => string,
  flags: readonly string[],
  parts: readonly string[],
): void {
  const some = (list: readonly string[]) => fc.array(fc.constantFrom(...list)).map((list) => list.join(''));
  fc.assert(
    fc.property(some([...parts, ...syntax]), fc.constantFrom(...flags), some([...parts, ...syntax]), (source, flag, text) => {
      const made = rewrite(source, flag);
      let matches: boolean;
      try {
        matches = new RegExp(source, flag).test(text);
      } catch {
        return;
      }
      expect(new RegExp(made, flag).test(text), `${source} on ${text}`).toBe(matches);
    }),
    { numRuns: 5_000 },
  ); // prettier-ignore
}

describe('a source that was made printable', () => {
  test('has escapes for everything unprintable', () => {
    expect(printableSource('a\\d\t')).toBe('a\\d\t');
    expect(printableSource('\u001b[\u0007-\u0085]\u202e')).toBe(String.raw`\x1b[\x07-\x85]\u202e`);
    expect(printableSource('\\\u001b\\\\\u001b')).toBe(String.raw`\x1b\\\x1b`);
  });

  test('matches the same strings as the original', () => {
    const rewrite = (source: string): string => {
      const made = printableSource(source);
      expect(made).not.toMatch(obeyed);
      return made;
    };
    expectSameMatches(rewrite, ['', 'u'], ['\u001b', '\u202e', '\u0000']);
  });
});

describe('a source that was made well-formed', () => {
  test('has escapes for halves of surrogate pairs', () => {
    expect(wellFormedSource('a\ud83d\ude00', '')).toBe('a\ud83d\ude00');
    expect(wellFormedSource('\ud83d\\\ude00\\\\\ud83d', '')).toBe(String.raw`\ud83d\ude00\\\ud83d`);
    expect(wellFormedSource('[\ud83d-\ud83f]', 'u')).toBe(String.raw`[\u{d83d}-\u{d83f}]`);
  });

  test('matches the same strings as the original', () => {
    const rewrite = (source: string, flags: string): string => {
      const made = wellFormedSource(source, flags);
      expect(made.isWellFormed()).toBe(true);
      return made;
    };
    const halves = ['\ud83d', '\ude00', '\\ud83d', '\\ude00', '\ud83d\ude00'];
    expectSameMatches(rewrite, ['', 'u', 'v', 'i', 'iu'], halves);
  });
});
