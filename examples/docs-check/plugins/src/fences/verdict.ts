/** The result of parsing a fence. */
export type Verdict =
  | { kind: 'parses' }
  /** The code is not meant to be complete. It is a transcript, or an ellipsis replaces a part of it. */
  | { kind: 'abridged' }
  /** `line` counts from 1 and `column` from 0, both within the fence's text. */
  | {
      kind: 'fails';
      severity: 'error' | 'warning';
      rule: string;
      message: string;
      line: number;
      column: number;
    };

export const parses: Verdict = { kind: 'parses' };
export const abridged: Verdict = { kind: 'abridged' };

/**
 * True if `...` or `…` replaces something that the author left out. Spread and rest syntax does not count.
 */
export function isAbridged(code: string): boolean {
  return /…|\.\.\.(?!\s*[\w$([{'"`])/.test(code) || /^\s*\.\.\.\s*$/m.test(code);
}
