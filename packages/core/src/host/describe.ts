/**
 * Asks a plugin to describe itself and the names that can be dispensed. The answer is checked, because the
 * plugin's process is not trusted.
 */
import { compacted } from '../base/own-property.ts';
import { isPipeworkError, markSent, PipeworkError } from '../base/errors.ts';
import { isError } from '../base/realm.ts';
import { controlMethods } from '../session/wire-words.ts';
import type { CallOptions } from '../rpc/api/call-options.ts';
import type { MethodDescription } from '../rpc/api/description.ts';
import type { Conversation } from '../rpc/calls/conversation.ts';

/** A plugin's description of itself and of the names that it offers, from `rpc.describe()`. */
export interface Description {
  /** The name that the plugin gives itself. Absent if the plugin reports none. */
  readonly name?: string;
  /** The plugin's own version. Absent if the plugin reports none. */
  readonly version?: string;
  /** The runtime of the plugin, as text for people: `node 22.12.0`. `unknown` if the plugin reports none. */
  readonly runtime: string;
  /** The protocol versions that the plugin speaks, ascending. */
  readonly protocolVersions: readonly number[];
  /**
   * The names that can be dispensed, each with its description. Empty if the plugin cannot describe itself.
   */
  readonly plugins: Readonly<Record<string, PluginDescription>>;
}

/** The description of one name that can be dispensed. */
export interface PluginDescription {
  /**
   * The methods that can be called, by method name. Absent if the implementation was not dispensed, or if
   * `error` is set. Methods of a contract have JSON Schemas.
   */
  readonly methods?: Readonly<Record<string, MethodDescription>>;
  /** The reason why the name could not be dispensed, or why its methods are not known. */
  readonly error?: string;
}

/** The parts of the connection to the plugin that {@link describePlugin} uses. */
export interface Describer {
  readonly control: Conversation;
  /** The protocol versions from the plugin's handshake. They are reported if the plugin cannot be asked. */
  readonly protocolVersions: readonly number[];
  /**
   * True if the plugin announced the capability `describe`. A plugin that was built with version 0.1 does not
   * announce this capability.
   */
  readonly canDescribe: boolean;
  /** The options of each call that asks the plugin for a part of its description. */
  readonly callOptions: CallOptions;
  /** Returns true once the connection has ended. After that, the plugin cannot be asked about any name. */
  hasEnded(): boolean;
  /** Dispenses a name. Resolves to the conversation on which the implementation's methods are called. */
  dispense(name: string): Promise<Conversation>;
}

/**
 * The maximum number of names in a description. `describePlugin()` may dispense all of them, one after the
 * other.
 */
const maxNames = 1_000;

/** The maximum number of methods of one name. */
const maxMethods = 10_000;

/** The maximum number of values in all schemas of one name. */
const maxSchemaValues = 200_000;

/**
 * The maximum size of one description, in characters of JSON. This limit bounds memory, because the answers
 * for all names are held at the same time.
 */
const maxLength = 2 ** 24;

/**
 * Asks a plugin for its identity and the names that it offers. If `dispenses` is true, also dispenses each
 * name, asks for the methods of the implementation, and releases it. Rejects with `RPC_PROTOCOL` if the
 * answer exceeds `maxNames` or `maxLength`, and with `RPC_CLOSED` if the plugin ends first.
 */
export async function describePlugin(describer: Describer, dispenses: boolean): Promise<Description> {
  const { control, canDescribe, callOptions, protocolVersions } = describer;
  if (!canDescribe) return { runtime: 'unknown', protocolVersions, plugins: {} };
  const said = recordOf(await control.call(controlMethods.describe, [true], callOptions));
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
  // Dispenses one name at a time, because a factory may be costly.
  for (const name of names) {
    const plugin = dispenses ? await describeOne(describer, name) : {};
    keep([name, plugin]);
    plugins.push([name, plugin]);
  }
  return { ...identity, plugins: compacted(Object.fromEntries(plugins)) };
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
  const { signal, deadlineMs } = describer.callOptions;
  let what = `the factory of ${name}`;
  try {
    const conversation = await describer.dispense(name);
    what = `the description of ${name}`;
    try {
      const methods = Object.entries(recordOf(await conversation.describe(describer.callOptions)));
      if (methods.length > maxMethods)
        return { error: `it has ${methods.length} methods; at most ${maxMethods} are described` };
      const room: Room = { values: maxSchemaValues };
      return {
        methods: compacted(
          Object.fromEntries(methods.map(([method, said]) => [method, methodOf(said, room)])),
        ),
      };
    } finally {
      conversation.finish();
    }
  } catch (error) {
    signal?.throwIfAborted();
    // RPC_DEADLINE means that the deadline of this call passed. If a factory throws, the plugin sends an
    // error with another code, whose message names the factory.
    if (isPipeworkError(error) && error.code === 'RPC_DEADLINE')
      return { error: `${what} took longer than ${deadlineMs} ms` };
    const reason = isError(error) ? error.message : String(error);
    if (!describer.hasEnded()) return { error: reason };
    const message = `the plugin ended while ${name} was described: ${reason}`;
    throw markSent(new PipeworkError('RPC_CLOSED', message, { cause: error }), true);
  }
}

/** The number of values that may still be copied. */
interface Room {
  values: number;
}

/**
 * Copies those keys of a method's description that this version of the package knows, if their values have
 * the right types. Leaves out all other keys.
 */
function methodOf(value: unknown, room: Room): MethodDescription {
  const json = (part: unknown): unknown => jsonOf(part, room);
  const { doc, input, output, items, errors } = recordOf(value);
  return {
    ...(typeof doc === 'string' ? { doc } : {}),
    ...(Array.isArray(input) ? { input: input.map(json) } : {}),
    ...(output === undefined ? {} : { output: json(output) }),
    ...(items === undefined ? {} : { items: json(items) }),
    ...(isPlainObject(errors) ? { errors: json(errors) as Readonly<Record<string, unknown>> } : {}),
  };
}

/**
 * Returns a copy that has JSON values only. Any other value, such as a function or a stream of the plugin,
 * becomes null. The recursion is safe, because the decoder limits the depth of incoming values.
 */
function jsonOf(value: unknown, room: Room): unknown {
  if (--room.values < 0)
    throw new PipeworkError('RPC_PROTOCOL', `its schemas have more than ${maxSchemaValues} values`);
  if (Array.isArray(value)) return value.map((item) => jsonOf(item, room));
  if (isPlainObject(value)) {
    const entries = Object.entries(value).map(([key, item]) => [key, jsonOf(item, room)] as const);
    return compacted(Object.fromEntries(entries));
  }
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
