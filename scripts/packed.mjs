// Finds the packages in the form in which they are published: tarballs of `pnpm pack`. `check` passes them to
// the scripts that try them as a user would.
import { basename, resolve } from 'node:path';

/** Returns the tarballs as dependencies for a project: each path by the name of its package. */
export function packedPackages(paths) {
  return Object.fromEntries(
    paths.map((path) => {
      const [, name] = /^(create-pipework|pipework-\w+)-\d/.exec(basename(path));
      return [name.replace(/^pipework-/, '@pipework/'), `file:${resolve(path)}`];
    }),
  );
}

/** Returns a part of a pnpm-workspace.yaml. With this part, our packages use each other's tarballs too. */
export function overridesOf(packages) {
  const lines = Object.entries(packages).map(([name, from]) => `  '${name}': ${from}\n`);
  return `overrides:\n${lines.join('')}`;
}
