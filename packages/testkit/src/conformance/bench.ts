/**
 * The tools of a check: plugins that are started only for that check, and functions that many checks need.
 */
import { show } from '../transcript/show.ts';
import { encode } from '../wire/msgpack.ts';
import { diagnose } from './diagnosis.ts';
import { RawPlugin, type StartOptions, type Target } from './raw-plugin.ts';
import { RawConnection } from './raw-connection.ts';
import { RawSession } from './raw-session.ts';
import { WaitFailure, type RawStream } from './raw-stream.ts';
import { CheckFailure, demand, DoesNotApply } from './verdict.ts';

/** The section of the docs that lists the methods of the suite's service. */
const methodsPage = 'docs/other-languages.md#prove-it';

/** One check: a rule that a plugin must keep, and the code that tests it. */
export interface Check {
  /** A rule in plain present tense, with the plugin as its subject. */
  readonly name: string;
  /** The part of the protocol that the rule belongs to. */
  readonly section: string;
  /**
   * The reason why the check takes long: it waits for a time that the protocol names, or moves hundreds of
   * mebibytes. A quick run leaves out every check with this property.
   */
  readonly long?: 'waits' | 'moves much';
  run(bench: Bench): Promise<void>;
}

export interface HandshakeFields {
  readonly apiVersion: string;
  readonly network: string;
  readonly address: string;
  readonly protocol: string;
  readonly version: number;
  readonly capabilities: ReadonlySet<string>;
  /** The versions that the plugin offers. If the handshake line lists none, this list has only `version`. */
  readonly versions: readonly number[];
}

export function parseLine(line: string): HandshakeFields {
  const [
    apiVersion = '',
    network = '',
    address = '',
    protocol = '',
    version = '',
    words = '',
    versions = '',
  ] = line.split('|');
  const chosen = version === '' ? 1 : Number(version);
  return {
    apiVersion,
    network,
    address,
    protocol,
    version: chosen,
    capabilities: new Set(words.split(',').filter((word) => word !== '')),
    versions: versions === '' ? [chosen] : versions.split(',').map(Number),
  };
}

/** A plugin after its handshake, with its first three streams open. */
export interface Running {
  readonly plugin: RawPlugin;
  readonly line: HandshakeFields;
  readonly session: RawSession;
  readonly control: RawConnection;
  readonly stdout: RawStream;
  readonly stderr: RawStream;
}

/**
 * How many lines the report of a failure may have, without the check's name and the reason. With these two,
 * a report has at most 40 lines.
 */
const mostLines = 36;

export class Bench {
  readonly target: Target;
  readonly #plugins: RawPlugin[] = [];
  readonly #sessions: RawSession[] = [];
  #hasEnded = false;

  constructor(target: Target) {
    this.target = target;
  }

  start(options?: StartOptions): RawPlugin {
    // The code of a stopped check may continue and try to start another plugin.
    if (this.#hasEnded) throw new CheckFailure('the check is over');
    const plugin = new RawPlugin(this.target, options);
    this.#plugins.push(plugin);
    return plugin;
  }

  async ready(options?: StartOptions): Promise<Running> {
    const plugin = this.start(options);
    const line = parseLine(await plugin.line());
    const session = new RawSession(plugin);
    this.#sessions.push(session);
    const control = new RawConnection(session.open());
    return { plugin, line, session, control, stdout: session.open(), stderr: session.open() };
  }

  /** Dispenses the implementation `name`. If the plugin does not serve `name`, the check does not apply. */
  async dispense(running: Running, name: string = this.target.service): Promise<RawConnection> {
    const id = await this.dispenseId(running, name);
    return this.dial(running.session, id);
  }

  async dispenseId({ control }: Running, name: string = this.target.service): Promise<number> {
    const { error, result } = await control.call('Dispenser.Dispense', name);
    if (textOf(error).includes('unknown plugin type')) {
      throw new DoesNotApply(
        `the plugin serves no '${name}' (${methodsPage} lists the methods of this service; in JavaScript, conformancePlugin serves them)`,
      );
    }
    demand(error === null, `Dispenser.Dispense('${name}') to succeed`, describeError(error));
    const isId =
      typeof result === 'number' && Number.isInteger(result) && result > 0 && result <= 0xffff_ffff;
    demand(isId, 'Dispense to return a u32 broker id', show(result));
    return result;
  }

  dial(session: RawSession, id: number): RawConnection {
    return new RawConnection(session.open(idBytes(id)));
  }

  /** Calls a method of the service. If the service has no such method, the check does not apply. */
  async call(connection: RawConnection, method: string, ...params: unknown[]): Promise<unknown> {
    const response = await connection.call(`Plugin.${method}`, ...params);
    this.need(method, response.error);
    demand(response.error === null, `Plugin.${method} to succeed`, describeError(response.error));
    return response.result;
  }

  need(method: string, error: unknown): void {
    if (!textOf(error).includes("can't find")) return;
    throw new DoesNotApply(
      `the plugin's '${this.target.service}' has no method ${method} (${methodsPage} describes it)`,
    );
  }

  /** Fails if the plugin broke a rule of the wire during the check, or right after it. */
  async demandConduct(): Promise<void> {
    await Promise.all(this.#sessions.map((session) => session.settle()));
    const violations = this.#sessions.flatMap((session) => session.violations);
    if (violations.length > 0)
      throw new CheckFailure(`the plugin broke the protocol on the way: ${violations[0] ?? ''}`);
  }

  /**
   * Returns a report about one plugin of the check. If `error` is a {@link WaitFailure}, the report is about
   * the plugin that the check waited for, and may name a likely cause. Otherwise the report is about the
   * newest plugin. In that case the report names no cause, because the message of `error` says what was
   * wrong.
   */
  report(error: unknown): string {
    const hasWaited = error instanceof WaitFailure;
    const failed = hasWaited ? error.session.plugin : this.#plugins.at(-1);
    const diagnosis = hasWaited ? diagnose(error) : { causes: [], streams: new Set<number>() };
    return failed?.report(mostLines, diagnosis).join('\n') ?? '';
  }

  async dispose(): Promise<void> {
    this.#hasEnded = true;
    await Promise.all(this.#plugins.map((plugin) => plugin.dispose()));
  }
}

/** Returns the text of an error, which is a string or a map with a message, and '' if there is no error. */
export function textOf(error: unknown): string {
  if (error === null || error === undefined) return '';
  if (typeof error === 'string') return error;
  const message = typeof error === 'object' && 'message' in error ? error.message : undefined;
  return typeof message === 'string' ? message : show(error);
}

/** Describes the error of a response, for the message of a failed check. */
export const describeError = (error: unknown): string =>
  error === null ? 'a result' : `the error ${show(error)}`;

/** Returns the code of an error that is a map, and undefined for any other error. */
export const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

export function idBytes(id: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, id);
  return bytes;
}

/**
 * Starts a plugin, and announces the capabilities `word` and `more` to it. The check applies only if the
 * plugin announces `word` too.
 */
export async function withCapability(bench: Bench, word: string, ...more: string[]): Promise<Running> {
  const running = await bench.ready({ capabilities: [word, ...more] });
  if (!running.line.capabilities.has(word)) throw new DoesNotApply(`the plugin does not announce ${word}`);
  return running;
}

export const requestBytes = (id: number, method: string, params: unknown[]): Uint8Array =>
  encode([0, id, method, params]);
