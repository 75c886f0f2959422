// Changes modules of other packages while they are built into ours. Each change must find the text that it
// expects. So if a new version of a package has another text there, the build fails, and removed code does
// not come back unnoticed.
import { minifySync } from 'rolldown/utils';

/**
 * Returns a rolldown plugin for one inlined package. Each key of `edits` is the end of a module's path. The
 * key's value is the module's whole new text, or a list of pairs of a pattern and a replacement. If `entry`
 * is given, an import of the package `name` loads the text that `entry` returns. If `shortens` is true, names
 * in the edited modules are shortened.
 */
export function editedPackage({ name, entry, edits, shortens = false }) {
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
      const edited = edit(code, edits[end], end);
      return { code: shortens ? shorten(edited, end) : edited, map: null };
    },
    /** Returns the keys of `edits` that matched no module. */
    unused: () => Object.keys(edits).filter((end) => !used.has(end)),
  };
}

function shorten(code, file) {
  const { code: shortened, errors } = minifySync(file, code, { module: true, compress: true, mangle: true });
  if (errors.length > 0) throw new Error(`${file} cannot be shortened: ${errors[0].message}`);
  return shortened;
}

function edit(code, change, file) {
  if (typeof change === 'string') return change;
  return change.reduce((text, [from, to]) => {
    if (!from.test(text)) throw new Error(`${file} is not as expected: ${from} is not in it`);
    return text.replace(from, to);
  }, code);
}
