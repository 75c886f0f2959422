// The packages as they are published: tarballs of `pnpm pack`. `check` passes them to the scripts that try
// them as a user would.
import { basename, resolve } from 'node:path';

/** Returns the dependencies of a project that is to get the tarballs, by the names of their packages. */
export function packedPackages(paths) {
  return Object.fromEntries(
    paths.map((path) => {
      const [, name] = /^(create-pipework|pipework-\w+)-\d/.exec(basename(path));
      return [name.replace(/^pipework-/, '@pipework/'), `file:${resolve(path)}`];
    }),
  );
}

/** Returns the part of a pnpm-workspace.yaml by which our packages also get each other from the tarballs. */
export function overridesOf(packages) {
  const lines = Object.entries(packages).map(([name, from]) => `  '${name}': ${from}\n`);
  return `overrides:\n${lines.join('')}`;
}
