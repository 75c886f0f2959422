/**
 * Turns JSON Schema into TypeScript types. A type leaves out keywords that TypeScript cannot express, so it
 * may allow more values than the schema, but never fewer. There is one exception: a schema without `type` that
 * describes properties or items is read as an object or a list, although it allows all other values.
 */
import { propertyName, quoted, uniqueName, type TakenNames } from './type-names.ts';

export interface TypeWriter {
  /** Returns the type of a schema. */
  typeOf(schema: unknown): string;
  /** Returns the declarations of the named types, one for each schema that a `$ref` refers to. */
  declarations(): string[];
}

type Schema = Readonly<Record<string, unknown>>;

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const own = (schema: Schema, key: string): unknown => (Object.hasOwn(schema, key) ? schema[key] : undefined);

function numberIn(schema: Schema, key: string): number | undefined {
  const value = own(schema, key);
  return typeof value === 'number' ? value : undefined;
}

/** The place of a type in a schema. */
interface Place {
  readonly root: Schema;
  /**
   * True if the type is a part of an alias, but not of an object or list within the alias. TypeScript must
   * know the types of such parts before it knows the alias, so aliases must not form a cycle of such parts.
   */
  readonly isDirect: boolean;
  /**
   * The value of `isDirect` for the items of a list at this place. True in the rest of a tuple and in an
   * optional member. There, TypeScript postpones a name, but not a list: it accepts `type T = [...T[]]`, but
   * not `type T = [...[T][]]`.
   */
  readonly isDirectInList: boolean;
}

/** The place of a type that TypeScript does not have to know before the alias around it. */
const postponed = { isDirect: false, isDirectInList: false } as const;

/**
 * How deep schemas may be nested. A `$ref` from alias to alias counts as one level. The type of a deeper
 * schema is `unknown`. So a long chain of `$ref`s cannot exhaust the stack, here or in a compiler.
 */
const maxDepth = 100;

/** A declared type, for a schema that a `$ref` refers to. */
interface Alias {
  readonly name: string;
  readonly target: Schema;
  readonly root: Schema;
  state: 'waiting' | 'started' | 'done';
  type: string;
}

/**
 * Returns a writer of types. The names of the types that it declares begin with `prefix`, and are added to
 * `taken`.
 */
export function typeWriter(prefix: string, taken: TakenNames): TypeWriter {
  const writer = new SchemaTypes(prefix, taken);
  return {
    typeOf: (schema) => writer.typeOf(schema),
    declarations: () => writer.declarations(),
  };
}

/**
 * Returns the type of a schema that is not an object. The schema `false` allows no value. Any other such
 * schema allows every value.
 */
const constantType = (schema: unknown): string => (schema === false ? 'never' : 'unknown');

class SchemaTypes {
  readonly #prefix: string;
  readonly #taken: TakenNames;
  /** The aliases, by the target schema of the `$ref`. */
  readonly #aliases = new Map<Schema, Alias>();
  /** The aliases that were added since the last type was written. */
  #added: Alias[] = [];
  #depth = 0;

  constructor(prefix: string, taken: TakenNames) {
    this.#prefix = prefix;
    this.#taken = taken;
  }

  declarations(): string[] {
    return [...this.#aliases.values()].map(({ name, type }) => `export type ${name} = ${type};`);
  }

  typeOf(schema: unknown): string {
    if (!isSchema(schema)) return constantType(schema);
    const type = this.#write(schema, { root: schema, ...postponed });
    // The loop also reaches the aliases that are added while it runs.
    for (const alias of this.#added) this.#complete(alias);
    this.#added = [];
    return type;
  }

  #write(schema: unknown, place: Place): string {
    if (!isSchema(schema)) return constantType(schema);
    if (this.#depth === maxDepth) return 'unknown';
    this.#depth += 1;
    const type = this.#typeAt(schema, place);
    this.#depth -= 1;
    return type;
  }

  #typeAt(schema: Schema, place: Place): string {
    const reference = own(schema, '$ref');
    if (typeof reference === 'string') return this.#reference(reference, place);
    if (Object.hasOwn(schema, 'const')) return literal(schema.const);
    const values = own(schema, 'enum');
    if (Array.isArray(values)) return union(values.map(literal));
    for (const key of ['anyOf', 'oneOf']) {
      const choices = own(schema, key);
      if (Array.isArray(choices)) return union(choices.map((choice) => this.#write(choice, place)));
    }
    const all = own(schema, 'allOf');
    if (Array.isArray(all)) return intersection(all.map((part) => this.#write(part, place)));
    const type = own(schema, 'type');
    if (Array.isArray(type)) return union(type.map((one) => this.#byType(one, schema, place)));
    return this.#byType(type ?? impliedType(schema), schema, place);
  }

  #byType(type: unknown, schema: Schema, place: Place): string {
    switch (type) {
      case 'string':
        return 'string';
      case 'number':
        return 'number';
      case 'integer':
        return 'number';
      case 'boolean':
        return 'boolean';
      case 'null':
        return 'null';
      case 'array':
        return this.#list(schema, place);
      case 'object':
        return this.#object(schema, { ...place, ...postponed });
      default:
        return 'unknown';
    }
  }

  #list(schema: Schema, place: Place): string {
    const inside = { ...place, isDirect: place.isDirectInList };
    const items = own(schema, 'items');
    const first = own(schema, 'prefixItems');
    if (!Array.isArray(first)) return `${grouped(this.#write(items ?? true, inside))}[]`;
    const inOther = { ...inside, isDirectInList: place.isDirect || place.isDirectInList };
    const required = numberIn(schema, 'minItems') ?? 0;
    const members = first.map((item, index) =>
      index < required ? this.#write(item, inside) : `${grouped(this.#write(item, inOther))}?`,
    );
    const mayBeLonger = items !== false && (numberIn(schema, 'maxItems') ?? Infinity) > first.length;
    if (mayBeLonger) members.push(`...${grouped(this.#write(items ?? true, inOther))}[]`);
    return `[${members.join(', ')}]`;
  }

  #object(schema: Schema, place: Place): string {
    const properties = own(schema, 'properties');
    const given = own(schema, 'required');
    const required = new Set<unknown>(Array.isArray(given) ? given : []);
    const members = Object.entries(isSchema(properties) ? properties : {}).map(([key, value]) => {
      const type = this.#write(value, place);
      const name = propertyName(key);
      return required.has(key) ? `${name}: ${type}` : `${name}?: ${union([type, 'undefined'])}`;
    });
    const others = otherProperties(schema);
    if (members.length === 0)
      return `{ [key: string]: ${union(others.map((one) => this.#write(one ?? true, place)))} }`;
    // In TypeScript, the named properties must fit the type of the index signature. So the index signature
    // has the type `unknown`.
    if (others.some((one) => one !== undefined)) members.push('[key: string]: unknown');
    return `{ ${members.join('; ')} }`;
  }

  /**
   * Returns the name of the type for a `$ref` within the same schema. Because of the name, the type can
   * contain itself. If the `$ref` is a direct part of an alias, its target is completed immediately. If the
   * target is itself being completed, the reference becomes `unknown`. Any other alias is completed later,
   * when no alias is in the state `started`.
   */
  #reference(pointer: string, place: Place): string {
    const target = resolve(place.root, pointer);
    if (!isSchema(target)) return 'unknown';
    const alias = this.#aliases.get(target) ?? this.#newAlias(pointer, target, place.root);
    if (place.isDirect && alias.state === 'started') return 'unknown';
    if (place.isDirect) this.#complete(alias);
    return alias.name;
  }

  #newAlias(pointer: string, target: Schema, root: Schema): Alias {
    const last = pointer.split('/').at(-1) ?? '';
    const name = uniqueName(`${this.#prefix} ${last === '#' ? 'Value' : last}`, this.#taken);
    const alias: Alias = { name, target, root, state: 'waiting', type: 'unknown' };
    this.#aliases.set(target, alias);
    this.#added.push(alias);
    return alias;
  }

  #complete(alias: Alias): void {
    if (alias.state !== 'waiting') return;
    alias.state = 'started';
    alias.type = this.#write(alias.target, { root: alias.root, isDirect: true, isDirectInList: false });
    alias.state = 'done';
  }
}

/**
 * Returns the schemas of the properties that `properties` does not name. The list contains `undefined` if the
 * schema does not say whether it allows more properties.
 */
function otherProperties(schema: Schema): unknown[] {
  const patterns = own(schema, 'patternProperties');
  const schemas = isSchema(patterns) ? Object.values(patterns) : [];
  return [...schemas, own(schema, 'additionalProperties')].filter((one) => one !== false);
}

function resolve(root: Schema, pointer: string): unknown {
  if (pointer === '#') return root;
  if (!pointer.startsWith('#/')) return undefined;
  let at: unknown = root;
  for (const step of pointer.slice(2).split('/')) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(at)) at = at[Number(key)] as unknown;
    else at = isSchema(at) ? own(at, key) : undefined;
  }
  return at;
}

/** Returns the type that a schema without `type` implies. */
function impliedType(schema: Schema): string | undefined {
  const keys = ['properties', 'patternProperties', 'additionalProperties', 'required'];
  if (keys.some((key) => Object.hasOwn(schema, key))) return 'object';
  return ['items', 'prefixItems'].some((key) => Object.hasOwn(schema, key)) ? 'array' : undefined;
}

function literal(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  return value === null || ['number', 'boolean'].includes(typeof value) ? JSON.stringify(value) : 'unknown';
}

const unique = (types: readonly string[]): string[] => [...new Set(types)];

function union(types: readonly string[]): string {
  if (types.includes('unknown')) return 'unknown';
  const members = unique(types).filter((type) => type !== 'never');
  return members.length === 0 ? 'never' : members.join(' | ');
}

function intersection(types: readonly string[]): string {
  const members = unique(types).filter((type) => type !== 'unknown');
  return members.length === 0 ? 'unknown' : members.map(grouped).join(' & ');
}

/** Puts a type in parentheses unless it is a single name. */
function grouped(type: string): string {
  return /^[\w$]+$/.test(type) ? type : `(${type})`;
}
