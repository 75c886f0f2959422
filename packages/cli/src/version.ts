import { readFileSync } from 'node:fs';

/**
 * Returns the package's version. package.json is beside both `src` and `dist`, so the path is the same for
 * sources and for the build.
 */
export function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
