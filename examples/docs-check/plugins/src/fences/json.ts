/** Parses fences that are marked as JSON, JSON with comments, JSON5 or JSON lines. */
import { default as JSON5 } from 'json5';
import { parse, printParseErrorCode, type ParseError } from 'jsonc-parser';
import { abridged, isAbridged, parses, type Verdict } from './verdict.ts';

export function parseJson(code: string): Verdict {
  if (isStrict(code)) return parses;
  const lenient = errorsOf(code, 'jsonc').length === 0;
  if (lenient || isJson5(code)) {
    const word = lenient ? 'jsonc' : 'json5';
    const message = `is no JSON but ${word.toUpperCase()}: mark the fence ${word}`;
    return {
      kind: 'fails',
      severity: 'warning',
      rule: 'not-json',
      message,
      ...firstError(code, 'json').place,
    };
  }
  if (isFragment(code)) return parses;
  return fails(code, 'json');
}

export function parseJsonc(code: string): Verdict {
  if (errorsOf(code, 'jsonc').length === 0 || isFragment(code)) return parses;
  return fails(code, 'jsonc');
}

export function parseJson5(code: string): Verdict {
  try {
    JSON5.parse(code);
    return parses;
  } catch (error) {
    if (isJson5(`{${code}\n}`)) return parses;
    if (isAbridged(code)) return abridged;
    const { message, lineNumber = 1, columnNumber = 1 } = error as Error & Record<string, number | string>;
    const text = String(message).replace(/^JSON5: /, '');
    return {
      kind: 'fails',
      severity: 'error',
      rule: 'json5',
      message: text.replace(/ at \d+:\d+$/, ''),
      line: Number(lineNumber),
      column: Number(columnNumber) - 1,
    };
  }
}

/** Parses one value on each line. Blank lines are allowed. */
export function parseJsonLines(code: string): Verdict {
  for (const [index, line] of code.split('\n').entries()) {
    if (line.trim() === '' || isStrict(line)) continue;
    const verdict = fails(line, 'json');
    return verdict.kind === 'fails' ? { ...verdict, line: index + 1 } : verdict;
  }
  return parses;
}

function fails(code: string, dialect: 'json' | 'jsonc'): Verdict {
  if (isAbridged(code)) return abridged;
  const { message, place } = firstError(code, dialect);
  return { kind: 'fails', severity: 'error', rule: dialect, message, ...place };
}

function firstError(
  code: string,
  dialect: 'json' | 'jsonc',
): { message: string; place: { line: number; column: number } } {
  const error = errorsOf(code, dialect)[0];
  const offset = error?.offset ?? 0;
  const before = code.slice(0, offset).split('\n');
  const message = error ? inWords(printParseErrorCode(error.error)) : 'the value is not valid JSON';
  return { message, place: { line: before.length, column: before.at(-1)?.length ?? 0 } };
}

/** Turns "CommaExpected" into "comma expected". */
function inWords(name: string): string {
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}

function errorsOf(code: string, dialect: 'json' | 'jsonc'): ParseError[] {
  const errors: ParseError[] = [];
  const lenient = dialect === 'jsonc';
  parse(code, errors, { allowTrailingComma: lenient, disallowComments: !lenient, allowEmptyContent: false });
  return errors;
}

/**
 * True if the code is a part of a document, or several documents one after another. Both are common, and
 * readers understand them.
 */
function isFragment(code: string): boolean {
  return errorsOf(`{${code}\n}`, 'jsonc').length === 0 || isSequence(code);
}

function isSequence(code: string): boolean {
  const values = code.split(/\n\s*\n|\n(?=[{[])/).filter((part) => part.trim() !== '');
  return values.length > 1 && values.every(isStrict);
}

function isStrict(code: string): boolean {
  try {
    JSON.parse(code);
    return true;
  } catch {
    return false; // The text is not JSON, which is a valid answer here. The caller finds the place of the error.
  }
}

function isJson5(code: string): boolean {
  try {
    JSON5.parse(code);
    return true;
  } catch {
    return false; // As above.
  }
}
