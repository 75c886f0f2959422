/**
 * Turns a plugin's description into TypeScript interfaces. A host can compile against these interfaces if it
 * does not have the plugin's contract.
 */
import { printable, type Description, type PluginDescription } from '@pipework/core';
import { typeWriter, type TypeWriter } from './schema-types.ts';
import { isKeyword, propertyName, uniqueName, type TakenNames } from './type-names.ts';

type Method = NonNullable<PluginDescription['methods']>[string];

/** The type of the options after the arguments of each method, the same as `MethodOptions`. */
const optionsType = '{ signal?: AbortSignal | undefined }';

/**
 * Returns a method's signature on one line, without the options: `get(arg1: string): Promise<number>`. The
 * line has nothing that controls a terminal.
 */
export function signatureOf(name: string, method: Method): string {
  if (tellsNothing(method)) return `${propertyName(name)}(...)`;
  const writer = typeWriter('T', new Map());
  const signature = `${propertyName(name)}(${parameters(method, writer).join(', ')}): ${resultOf(method, writer)}`;
  const types = writer.declarations().map((one) => one.replace(/^export type (.*);$/s, '$1'));
  return types.length === 0 ? signature : `${signature} where ${types.join(', ')}`;
}

/**
 * The type parameter of a method whose result is unknown. The host can name the type that it expects:
 * `kv.when<Date>()`, or `const when: Date = await kv.when()`.
 */
const resultParameter = '<R = unknown>';

/** The signature of a method without schemas. The result of such a method can be awaited and iterated. */
const unknownSignature = `${resultParameter}(...args: unknown[]): Promise<R> & AsyncIterable<R>`;

/** True for a method without schemas, whose arguments and results are unknown. */
export const tellsNothing = ({ input, output, items }: Method): boolean =>
  input === undefined && output === undefined && items === undefined;

/**
 * Returns each parameter with its type. If the title of its schema is a valid name, the parameter has this
 * name.
 */
function parameters({ input = [] }: Method, writer: TypeWriter): string[] {
  const names = new Set(['options']);
  return input.map((schema, index) => {
    const { title } = Object(schema) as { readonly title?: unknown };
    const isName = typeof title === 'string' && /^[a-z]\w*$/.test(title) && !names.has(title);
    const name = isName && !isKeyword(title) ? title : `arg${index + 1}`;
    names.add(name);
    return `${name}: ${writer.typeOf(schema)}`;
  });
}

function resultOf({ output, items }: Method, writer: TypeWriter): string {
  if (items !== undefined) return `AsyncIterable<${writer.typeOf(items)}>`;
  return `Promise<${output === undefined ? 'unknown' : writer.typeOf(output)}>`;
}

/** Returns the declaration of a method in an interface. */
function declarationOf(name: string, method: Method, writer: TypeWriter): string {
  const key = propertyName(name);
  if (tellsNothing(method)) return `${key}${unknownSignature}`;
  const all = [...parameters(method, writer), `options?: ${optionsType}`].join(', ');
  const result = resultOf(method, writer);
  const [, kind] = /^(Promise|AsyncIterable)<unknown>$/.exec(result) ?? [];
  return kind === undefined ? `${key}(${all}): ${result}` : `${key}${resultParameter}(${all}): ${kind}<R>`;
}

/** Returns the whole declaration file. */
export function declarationsOf(description: Description): string {
  const { name = 'a plugin without a name', version = '', plugins } = description;
  const taken = new Map([['Plugins', 1]]);
  const parts: string[] = [];
  const members: string[] = [];
  for (const [plugin, { methods, error }] of Object.entries(plugins)) {
    if (error !== undefined) {
      members.push(`  // ${inComment(oneLine(`${plugin} cannot be described: ${error}`))}`);
      continue;
    }
    const type = uniqueName(plugin, taken);
    parts.push(...interfaceOf(type, methods ?? {}, taken));
    members.push(`  ${propertyName(plugin)}: ${type};`);
  }
  const head = [
    `// What ${inComment(oneLine(`${name} ${version}`.trim()))} offers, written by pipework describe --dts.`,
    '// `unknown` means that the plugin has no schema here, or one that TypeScript cannot express.',
  ].join('\n');
  return `${[head, ...parts, block('export interface Plugins', members)].join('\n\n')}\n`;
}

function interfaceOf(type: string, methods: Readonly<Record<string, Method>>, taken: TakenNames): string[] {
  const writer = typeWriter(type, taken);
  const lines = Object.entries(methods).flatMap(([name, method]) => [
    ...docOf(method, writer),
    `  ${declarationOf(name, method, writer)};`,
  ]);
  return [block(`export interface ${type}`, lines), ...writer.declarations()];
}

function docOf({ doc, errors = {} }: Method, writer: TypeWriter): string[] {
  const throws = Object.entries(errors).map(
    ([code, schema]) => `@throws ${oneLine(code)} with data ${writer.typeOf(schema)}`,
  );
  const lines = [...(doc === undefined ? [] : doc.trim().split(/\r?\n/)), ...throws].map(inComment);
  if (lines.length === 0) return [];
  if (lines.length === 1) return [`  /** ${lines[0]} */`];
  return ['  /**', ...lines.map((line) => `   * ${line}`.trimEnd()), '   */'];
}

const block = (head: string, lines: readonly string[]): string =>
  lines.length === 0 ? `${head} {}` : `${head} {\n${lines.join('\n')}\n}`;

/**
 * Escapes a line of a plugin's text for the comment around it. Backslashes are inserted, so that the line
 * cannot end the comment and has no directive of a compiler. `printable()` is called first, because it
 * removes colours, which may be between `*` and `/`.
 */
const inComment = (line: string): string =>
  printable(line)
    .replaceAll('*/', '*\\/')
    .replaceAll(/@(?=ts-|internal\b)|[#@](?=\s*source(?:Mapping)?URL\b)|(?<=\/\/)\/(?=\s*<)/g, '\\$&');

/** Returns a plugin's text as one line, without characters that control a terminal. */
export const oneLine = (text: string): string => printable(text.replaceAll(/[\r\n\u2028\u2029]+/g, ' '));
