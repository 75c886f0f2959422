// Reads the tarballs that `pnpm pack` has made of the packages. `check` passes these tarballs to the scripts
// that use them as a user would.
import { basename, resolve } from 'node:path';

/**
 * Returns the tarballs as `dependencies` of a package.json: the name of each package, and the path of its
 * tarball.
 */
export function packedPackages(paths) {
  return Object.fromEntries(
    paths.map((path) => {
      const [, name] = /^(create-pipework|pipework-\w+)-\d/.exec(basename(path));
      return [name.replace(/^pipework-/, '@pipework/'), `file:${resolve(path)}`];
    }),
  );
}

/**
 * Returns the `overrides` for a pnpm-workspace.yaml. With these, our packages also use each other's tarballs.
 */
export function overridesOf(packages) {
  const lines = Object.entries(packages).map(([name, from]) => `  '${name}': ${from}\n`);
  return `overrides:\n${lines.join('')}`;
}
