// node scripts/structure.mjs [FOLDER]: prints the figures of docs/decisions/0004, for this tree or for a
// checkout in FOLDER: the numbers of files, folders, circles of imports, private fields of classes, and long
// functions. It reads the sources of the packages below without their tests. An import of a type also counts.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'rolldown/parseAst';

const root = process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url));
const longLines = 40;

const files = ['mux', 'core', 'testkit', 'fleet', 'isolate', 'cli']
  .map((name) => join(root, 'packages', name, 'src'))
  .filter((folder) => existsSync(folder))
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true }).map((file) => relative(root, join(folder, file))),
  )
  .map((file) => file.split(sep).join('/'))
  .filter((file) => file.endsWith('.ts') && !/\.(test|test-d|d)\.ts$/.test(file))
  .toSorted();

const sources = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
const known = new Set(files);
const imports = new Map();
const classes = [];
const functions = [];

for (const [file, source] of sources) {
  const program = parseAst(source, { lang: 'ts' });
  imports.set(file, importsOf(program, file));
  walk(program, [], source, file);
}

/** Counts each class and each function below `node`. */
function walk(node, parents, source, file) {
  if (Array.isArray(node)) {
    for (const item of node) walk(item, parents, source, file);
    return;
  }
  if (node === null || typeof node !== 'object') return;
  if (node.type === 'ClassDeclaration' || node.type === 'ClassExpression') countFields(node);
  if (/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)) {
    const holder = parents.at(-1);
    const whole = holder?.type === 'MethodDefinition' ? holder : node;
    const name = node.id?.name ?? nameOf(holder?.key) ?? nameOf(holder?.id) ?? '(no name)';
    functions.push({ name, file, lines: source.slice(whole.start, whole.end).split('\n').length });
  }
  for (const [key, child] of Object.entries(node)) {
    if (key !== 'type' && child !== null && typeof child === 'object') {
      walk(child, [...parents.slice(-1), node], source, file);
    }
  }
}

/** Counts the private fields of a class, and how many of them are assigned outside of its constructor. */
function countFields(node) {
  const fields = new Set();
  for (const member of node.body.body) {
    if (member.type === 'PropertyDefinition' && member.key.type === 'PrivateIdentifier' && !member.static)
      fields.add(member.key.name);
  }
  const assigned = new Set();
  const note = (target) => {
    if (target?.type === 'MemberExpression' && target.property.type === 'PrivateIdentifier')
      assigned.add(target.property.name);
  };
  const look = (part) => {
    if (part === null || typeof part !== 'object') return;
    if (part.type === 'AssignmentExpression') note(part.left);
    if (part.type === 'UpdateExpression') note(part.argument);
    for (const child of Object.values(part)) look(child);
  };
  for (const member of node.body.body) {
    if (member.kind !== 'constructor' && member.type === 'MethodDefinition') look(member.value);
    if (member.type === 'PropertyDefinition') look(member.value);
  }
  const name = node.id?.name ?? '(no name)';
  classes.push({ name, fields: fields.size, assigned: [...assigned].filter((f) => fields.has(f)).length });
}

function nameOf(key) {
  if (key === undefined || key === null) return undefined;
  return key.type === 'PrivateIdentifier' ? `#${key.name}` : key.name;
}

/** Returns the files of this tree that `file` imports. */
function importsOf(program, file) {
  const found = new Set();
  const look = (node) => {
    if (node === null || typeof node !== 'object') return;
    const from = node.source?.value;
    if (typeof from === 'string' && from.startsWith('.')) {
      const path = posix.join(dirname(file), from);
      const target = [path, path.replace(/\.js$/, '.ts')].find((name) => known.has(name));
      if (target !== undefined) found.add(target);
    }
    for (const child of Object.values(node)) look(child);
  };
  look(program);
  return found;
}

/** Returns the groups of files that import each other in a circle (Tarjan's strongly connected components). */
function circles() {
  const index = new Map();
  const low = new Map();
  const stack = [];
  const groups = [];
  const visit = (file) => {
    index.set(file, index.size);
    low.set(file, index.get(file));
    stack.push(file);
    for (const next of imports.get(file)) {
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(file, Math.min(low.get(file), low.get(next)));
    }
    if (low.get(file) !== index.get(file)) return;
    const group = stack.splice(stack.indexOf(file));
    if (group.length > 1) groups.push(group);
  };
  for (const file of files) if (!index.has(file)) visit(file);
  return groups;
}

const lines = [...sources.values()].reduce((sum, source) => sum + source.split('\n').length - 1, 0);
const folders = new Map();
for (const file of files.filter((name) => name.startsWith('packages/core/')))
  folders.set(dirname(file), (folders.get(dirname(file)) ?? 0) + 1);
const largest = Math.max(...folders.values());
const long = functions.filter((entry) => entry.lines > longLines);
const found = circles();

console.log(`files, lines: ${files.length} files, ${lines} lines`);
console.log(`folders of core: ${folders.size}`);
console.log(`files in the largest folder of core: ${largest}`);
console.log(`circles: ${found.length}`);
for (const group of found) console.log(`  ${group.join(', ')}`);
console.log(`functions of more than ${longLines} lines: ${long.length} of ${functions.length}`);
console.log('\nclasses with the most private fields (fields, assigned after the constructor):');
for (const { name, fields, assigned } of classes
  .toSorted((a, b) => b.fields - a.fields || b.assigned - a.assigned)
  .slice(0, 10))
  console.log(`  ${name}: ${fields}, ${assigned}`);
console.log('\nlongest functions, in lines:');
for (const { name, file, lines: length } of functions.toSorted((a, b) => b.lines - a.lines).slice(0, 8))
  console.log(`  ${name} in ${file}: ${length}`);
