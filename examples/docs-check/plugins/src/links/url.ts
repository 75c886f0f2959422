/** Finds out where the address of a link leads, without looking at any file. */
import { posix } from 'node:path';

export type Meaning =
  | { kind: 'elsewhere' }
  | { kind: 'wrong'; rule: 'empty-link' | 'bad-url' | 'bad-encoding'; message: string }
  /** `path` starts at the tree's root. If the link has only a fragment, `path` is the page's own path. */
  | { kind: 'local'; path: string; fragment: string | undefined; written: string };

/** @param from The path of the page. Relative links start in its directory. */
export function meaningOf(url: string, from: string): Meaning {
  if (url === '')
    return { kind: 'wrong', rule: 'empty-link', message: 'the link leads nowhere: its address is empty' };
  if (/^[a-z]:[\\/]/i.test(url) || url.startsWith('file:'))
    return { kind: 'wrong', rule: 'bad-url', message: `${url} is a path of one machine` };
  if (/^https?:/i.test(url)) return readWebAddress(url);
  // The link has another scheme or host, or a placeholder that a template engine fills in.
  if (/^[a-z][a-z\d+.-]*:/i.test(url) || url.startsWith('//') || /\{\{|\$\{|<%/.test(url))
    return { kind: 'elsewhere' };

  const [beforeFragment = '', ...fragments] = url.split('#');
  const [rawPath = ''] = beforeFragment.split('?');
  const path = decode(rawPath);
  const fragment = fragments.length === 0 ? undefined : decode(fragments.join('#'));
  if (path === null || fragment === null)
    return {
      kind: 'wrong',
      rule: 'bad-encoding',
      message: `${url} has a % that is not followed by two hexadecimal digits of UTF-8; a plain % is written %25`,
    };
  if (path === '') return { kind: 'local', path: from, fragment, written: url };
  const joined = path.startsWith('/') ? path.slice(1) : posix.join(posix.dirname(from), path);
  const normal = posix.normalize(joined || '.').replace(/(?<=.)\/$/, '');
  return { kind: 'local', path: normal === '.' ? '' : normal, fragment, written: url };
}

function readWebAddress(url: string): Meaning {
  if (URL.canParse(url)) return { kind: 'elsewhere' };
  return { kind: 'wrong', rule: 'bad-url', message: `${url} is no valid web address` };
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null; // The encoding is malformed. The caller reports that.
  }
}
