import { readFileSync } from 'node:fs';

/** Returns the package's version. The manifest is one folder above this file, in `src` and in `dist`. */
export function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
