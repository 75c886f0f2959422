/** What a plugin says of itself and of what it offers, checked: it comes from a process that is not trusted. */
import { controlMethods } from '../session/wire-words.ts';
import type { MethodDescription } from '../rpc/api/description.ts';
import type { Conversation } from '../rpc/calls/conversation.ts';

/** What `rpc.describe()` resolves to. */
export interface Description {
  readonly name?: string;
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
  /** Dispenses a name, and returns the conversation with it. */
  dispense(name: string): Promise<Conversation>;
}

/** Asks a plugin what it is and offers. With `dispenses`, each name is dispensed, asked for its methods and let go of. */
export async function describePlugin(describer: Describer, dispenses: boolean): Promise<Description> {
  const { control, canDescribe, protocolVersions } = describer;
  if (!canDescribe) return { runtime: 'unknown', protocolVersions, plugins: {} };
  const said = recordOf(await control.call(controlMethods.describe, [true]));
  const names = listOf(said.plugins).filter((name) => typeof name === 'string');
  const plugins: [string, PluginDescription][] = [];
  // One after the other: a factory may be costly, and nobody needs all of them at once.
  for (const name of names) plugins.push([name, dispenses ? await describeOne(describer, name) : {}]);
  const { name, version, runtime } = said;
  return {
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof version === 'string' ? { version } : {}),
    runtime: typeof runtime === 'string' ? runtime : 'unknown',
    protocolVersions: listOf(said.protocolVersions).filter((item) => typeof item === 'number'),
    plugins: Object.fromEntries(plugins),
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
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** Keys that this version does not know are left out. */
function methodOf(value: unknown): MethodDescription {
  const { doc, input, output, items, errors } = recordOf(value);
  return {
    ...(typeof doc === 'string' ? { doc } : {}),
    ...(Array.isArray(input) ? { input: input as readonly unknown[] } : {}),
    ...(output === undefined ? {} : { output }),
    ...(items === undefined ? {} : { items }),
    ...(errors === undefined ? {} : { errors: recordOf(errors) }),
  };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}
