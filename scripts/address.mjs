// address.mjs REPOSITORY SITE: writes these two addresses into the package.json of the workspace and of every
// package. Also turns each name of a page in the packages' READMEs, such as `docs/calls.md`, into a link to
// the site. Without arguments, it fails if a package's addresses differ from the workspace's. If the
// workspace has no address, a package must not have one either.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pageOf, titleOf } from '../site/pages.mjs';

const [repository, site] = process.argv.slice(2);
const read = (file) => JSON.parse(readFileSync(file, 'utf8'));
const siteFolder = site?.replace(/\/*$/, '/');
const packages = readdirSync('packages').map((name) => join('packages', name));

/**
 * Returns the fields `homepage` and `repository` for the package.json of a package.
 */
const fieldsOf = (directory, { url, homepage }) => ({
  homepage,
  repository: url && {
    type: 'git',
    url,
    ...(directory === '.' ? {} : { directory: directory.replaceAll('\\', '/') }),
  },
});

function write(directory, address) {
  const file = join(directory, 'package.json');
  writeFileSync(
    file,
    `${JSON.stringify({ ...read(file), ...fieldsOf(directory, address) }, undefined, 2)}\n`,
  );
}

/**
 * Turns the names of pages in a README into links to the site. A relative link would be dead on the registry.
 * So before the site has an address, a README names pages as text.
 */
function linkPages(directory) {
  const file = join(directory, 'README.md');
  const link = (_, page) =>
    `[${titleOf(page)}](${new URL(pageOf(page).replace(/\.md$/, '.html'), siteFolder)})`;
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/`(docs\/[\w-]+\.md)`/g, link));
}

if (repository !== undefined) {
  for (const address of [repository, site]) new URL(address);
  for (const directory of ['.', ...packages]) write(directory, { url: repository, homepage: site });
  for (const directory of packages) linkPages(directory);
} else {
  const workspace = read('package.json');
  const address = { url: workspace.repository?.url, homepage: workspace.homepage };
  for (const directory of packages) {
    const { homepage, repository } = read(join(directory, 'package.json'));
    if (JSON.stringify({ homepage, repository }) === JSON.stringify(fieldsOf(directory, address))) continue;
    console.error(
      `${directory}/package.json has another homepage or repository than package.json: run scripts/address.mjs`,
    );
    process.exitCode = 1;
  }
}
