// Changes other packages' modules while they become part of ours. Each change must find what it expects, so that a new version of such
// a package fails the build instead of quietly bringing back what was taken out.

/**
 * A rolldown plugin for one inlined package. `edits` has, by the end of a module's path, either its whole new text or pairs of a pattern
 * and its replacement. `entry` gives the import of `name` another text.
 */
export function editedPackage({ name, entry, edits }) {
  const used = new Set();
  const id = `\0${name}`;
  return {
    name: `edited-${name}`,
    resolveId: (specifier) => (entry !== undefined && specifier === name ? id : undefined),
    load: (wanted) => (wanted === id ? entry() : undefined),
    transform: (code, path) => {
      const file = path.replaceAll('\\', '/');
      const end = Object.keys(edits).find((known) => file.endsWith(`/node_modules/${known}`));
      if (end === undefined) return undefined;
      used.add(end);
      return { code: edit(code, edits[end], end), map: null };
    },
    /** The edits that met no module. */
    unused: () => Object.keys(edits).filter((end) => !used.has(end)),
  };
}

function edit(code, change, file) {
  if (typeof change === 'string') return change;
  return change.reduce((text, [from, to]) => {
    if (!from.test(text)) throw new Error(`${file} is not as expected: ${from} is not in it`);
    return text.replace(from, to);
  }, code);
}
