/** Parses fences that are marked as JavaScript. */
import { Parser, type Options } from 'acorn';
import jsx from 'acorn-jsx';
import { abridged, isAbridged, parses, type Verdict } from './verdict.ts';

const withJsx = Parser.extend(jsx());

/**
 * Allows code that is not valid as a whole file, because a snippet may be cut out of a function, class or
 * module.
 */
const snippet: Options = {
  ecmaVersion: 'latest',
  locations: true,
  allowAwaitOutsideFunction: true,
  allowReturnOutsideFunction: true,
  allowImportExportEverywhere: true,
  allowNewTargetOutsideFunction: true,
  allowSuperOutsideMethod: true,
  allowHashBang: true,
  checkPrivateFields: false,
} as Options;

export function parseJavaScript(code: string): Verdict {
  // The possible meanings of a snippet, most likely first: a module, a script (JSX in both), an expression,
  // members of an object, members of a class.
  const failure = failureOf(code, 'module');
  if (!failure) return parses;
  if (!failureOf(code, 'script')) return parses;
  const wrapped = [`(${code}\n)`, `({${code}\n})`];
  // Without this condition, a broken statement would pass as a field, because nearly every word may name a
  // field of a class.
  if (!hasStatement(code)) wrapped.push(`(class {${code}\n})`);
  if (wrapped.some((text) => !failureOf(text, 'script'))) return parses;
  if (isAbridged(code) || isTranscript(code)) return abridged;
  const message = failure.message.replace(/ \(\d+:\d+\)$/, '');
  if (message.includes('has already been declared'))
    return { kind: 'fails', severity: 'warning', rule: 'declared-twice', message, ...failure.loc };
  return { kind: 'fails', severity: 'error', rule: 'javascript', message, ...failure.loc };
}

interface Failure extends SyntaxError {
  loc: { line: number; column: number };
}

function failureOf(code: string, sourceType: 'module' | 'script'): Failure | undefined {
  try {
    withJsx.parse(code, { ...snippet, sourceType });
    return undefined;
  } catch (error) {
    return error as Failure;
  }
}

function hasStatement(code: string): boolean {
  return /^(const|let|var|import|export|return|if|for|while|do|try|switch|throw|new|function|class|await)\b/m.test(
    code,
  );
}

/** True if the code is a session at a prompt, with both input and output. */
function isTranscript(code: string): boolean {
  return /^(>|\$|node>) /m.test(code);
}
