// The packages as they are published: tarballs of `pnpm pack`, which `check` hands to the scripts that try them as a user would.
import { basename, resolve } from 'node:path';

/** What a project depends on to get the tarballs, by the names of their packages. */
export function packedPackages(paths) {
  return Object.fromEntries(
    paths.map((path) => {
      const [, name] = /^(create-pipework|pipework-\w+)-\d/.exec(basename(path));
      return [name.replace(/^pipework-/, '@pipework/'), `file:${resolve(path)}`];
    }),
  );
}

/** The part of a pnpm-workspace.yaml that has packages of ours get each other from the tarballs, too. */
export function overridesOf(packages) {
  const lines = Object.entries(packages).map(([name, from]) => `  '${name}': ${from}\n`);
  return `overrides:\n${lines.join('')}`;
}
