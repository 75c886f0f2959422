/** What a plugin says of itself and of what it offers, checked: it comes from a process that is not trusted. */
import { markSent, PipeworkError } from '../base/errors.ts';
import { controlMethods } from '../session/wire-words.ts';
import type { MethodDescription } from '../rpc/api/description.ts';
import type { Conversation } from '../rpc/calls/conversation.ts';

/** What `rpc.describe()` resolves to. */
export interface Description {
  /** What the plugin calls itself; absent if it does not say. */
  readonly name?: string;
  /** The plugin's own version; absent if it does not say. */
  readonly version?: string;
  /** What runs the plugin, for people: `node 22.12.0`. `unknown` if it does not say. */
  readonly runtime: string;
  /** The protocol versions that the plugin speaks, ascending. */
  readonly protocolVersions: readonly number[];
  /** What can be dispensed, by name. Empty if the plugin cannot be asked. */
  readonly plugins: Readonly<Record<string, PluginDescription>>;
}

/** One name that can be dispensed. */
export interface PluginDescription {
  /** By name. Absent if nothing was dispensed, or the plugin does not tell. Schemas are there for methods of a contract. */
  readonly methods?: Readonly<Record<string, MethodDescription>>;
  /** Why it could not be dispensed or asked. */
  readonly error?: string;
}

/** What asking needs of the connection. */
export interface Describer {
  readonly control: Conversation;
  /** What the handshake said. */
  readonly protocolVersions: readonly number[];
  /** False for a plugin of 0.1, and for one in another language that does not offer it. */
  readonly canDescribe: boolean;
  /** True once the connection has ended: no name can be asked about any more. */
  hasEnded(): boolean;
  /** Dispenses a name, and returns the conversation with it. */
  dispense(name: string): Promise<Conversation>;
}

/** How many names a description may have. Each is dispensed, one after the other. */
const maxNames = 1_000;

/** How long all that is kept of a description may be together, in characters of JSON: the answers for all names are held at the same time. */
const maxLength = 2 ** 24;

/** Asks a plugin what it is and offers. With `dispenses`, each name is dispensed, asked for its methods and let go of. */
export async function describePlugin(describer: Describer, dispenses: boolean): Promise<Description> {
  const { control, canDescribe, protocolVersions } = describer;
  if (!canDescribe) return { runtime: 'unknown', protocolVersions, plugins: {} };
  const said = recordOf(await control.call(controlMethods.describe, [true]));
  const names = new Set(listOf(said.plugins).filter((name) => typeof name === 'string'));
  if (names.size > maxNames) {
    throw new PipeworkError(
      'RPC_PROTOCOL',
      `the plugin says that it offers ${names.size} names; at most ${maxNames} are described`,
    );
  }
  let length = 0;
  const keep = (part: unknown): void => {
    length += JSON.stringify(part).length;
    if (length > maxLength) {
      throw new PipeworkError(
        'RPC_PROTOCOL',
        `the plugin describes itself in more than ${maxLength} characters of JSON`,
      );
    }
  };
  const identity = identityOf(said);
  keep(identity);
  const plugins: [string, PluginDescription][] = [];
  // One after the other, because a factory may be costly.
  for (const name of names) {
    const plugin = dispenses ? await describeOne(describer, name) : {};
    keep([name, plugin]);
    plugins.push([name, plugin]);
  }
  return { ...identity, plugins: Object.fromEntries(plugins) };
}

function identityOf({
  name,
  version,
  runtime,
  protocolVersions,
}: Readonly<Record<string, unknown>>): Omit<Description, 'plugins'> {
  return {
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof version === 'string' ? { version } : {}),
    runtime: typeof runtime === 'string' ? runtime : 'unknown',
    protocolVersions: listOf(protocolVersions)
      .filter((item): item is number => Number.isInteger(item))
      .toSorted((a, b) => a - b),
  };
}

async function describeOne(describer: Describer, name: string): Promise<PluginDescription> {
  try {
    const conversation = await describer.dispense(name);
    try {
      const methods = Object.entries(recordOf(await conversation.describe()));
      return { methods: Object.fromEntries(methods.map(([method, said]) => [method, methodOf(said)])) };
    } finally {
      conversation.finish();
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (!describer.hasEnded()) return { error: reason };
    const message = `the plugin ended while ${name} was described: ${reason}`;
    throw markSent(new PipeworkError('RPC_CLOSED', message, { cause: error }), true);
  }
}

/** Keys that this version does not know are left out. */
function methodOf(value: unknown): MethodDescription {
  const { doc, input, output, items, errors } = recordOf(value);
  return {
    ...(typeof doc === 'string' ? { doc } : {}),
    ...(Array.isArray(input) ? { input: input.map(jsonOf) } : {}),
    ...(output === undefined ? {} : { output: jsonOf(output) }),
    ...(items === undefined ? {} : { items: jsonOf(items) }),
    ...(isPlainObject(errors) ? { errors: jsonOf(errors) as Readonly<Record<string, unknown>> } : {}),
  };
}

/** A copy with what JSON has. Anything else, such as a function or a stream of the plugin's, becomes null. The wire bounds its depth. */
function jsonOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(jsonOf);
  if (isPlainObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jsonOf(item)]));
  return ['string', 'boolean'].includes(typeof value) || Number.isFinite(value) ? value : null;
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return isPlainObject(value) ? value : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}
