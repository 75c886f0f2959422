// The only file of the site that knows the project's address. No address is fixed yet, so the forge that
// publishes the site sets the address in environment variables.
import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const withoutSlash = (text) => text.replace(/\/+$/, '');

/**
 * The repository's address for readers, such as `https://forge.example/owner/name`; undefined if there is
 * none.
 */
export const repository = addressOf(process.env.DOCS_REPOSITORY || manifest.repository);

/** The path of the site on its host, with a slash at both ends: `/`, or `/name/` on a host that serves many projects. */
export const base = `${withoutSlash(process.env.DOCS_BASE ?? '')}/`;

function addressOf(repository) {
  const text = typeof repository === 'string' ? repository : repository?.url;
  return text === undefined ? undefined : withoutSlash(text.replace(/^git\+/, '').replace(/\.git$/, ''));
}
