/**
 * Checks of section 13 of docs/protocol.md: how a plugin calls services of its host, and how it describes
 * itself.
 */
import { show } from '../../transcript/show.ts';
import { WireReader } from '../../wire/decode.ts';
import { encode } from '../../wire/msgpack.ts';
import { concat, initialWindow } from '../../wire/yamux.ts';
import { describeError, requestBytes, textOf, type Bench, type Check, type Running } from '../bench.ts';
import type { RawConnection } from '../raw-connection.ts';
import { openingCredit, type RawSession } from '../raw-session.ts';
import type { RawStream } from '../raw-stream.ts';
import { demand, demandEqual, DoesNotApply } from '../verdict.ts';
import { patternBytes } from './calls.ts';

const services = 'services of the host';
const descriptions = 'descriptions';

/** The broker id of the stream on which the plugin calls `Host.Dispense`. */
const askingId = 0;
/** The broker id that the checks return for `Host.Dispense`. */
const serviceId = 77;
const question = { service: 'files', method: 'read' };
const path = 'a.txt';

interface Request {
  readonly id: unknown;
  readonly method: unknown;
  readonly params: unknown;
}

/** A stream that the plugin opened to call its host. */
class Caller {
  readonly stream: RawStream;
  readonly #values: WireReader = new WireReader();
  readonly #requests: Request[] = [];

  constructor(stream: RawStream) {
    this.stream = stream;
  }

  /** Returns the next request. Fails the check if the stream ends first or the wait times out. */
  async request(what: string): Promise<Request> {
    const { session } = this.stream;
    const hasEnded = (): boolean => this.stream.wasReset || this.stream.hasFinished;
    await session.until(() => this.#read() > 0 || hasEnded(), what);
    const request = this.#requests.shift();
    demand(request !== undefined, what, 'the end of the stream');
    return request;
  }

  answer({ id }: Request, error: unknown, result: unknown): void {
    this.stream.send(encode([1, id, error, result]));
  }

  /**
   * Decodes the bytes that have arrived. Returns the number of requests that `request()` has not returned
   * yet.
   */
  #read(): number {
    for (const payload of this.stream.received.splice(0)) {
      for (const message of this.#values.push(payload)) {
        const [kind, id, method, params] = Array.isArray(message) ? (message as unknown[]) : [];
        if (kind === 0) this.#requests.push({ id, method, params });
        else
          this.stream.session.violations.push(
            `it sent ${show(message)}, which is no call, on a stream for calls to its host`,
          );
      }
    }
    return this.#requests.length;
  }
}

/**
 * Returns the stream that the plugin opened with the broker id `brokerId`, and removes the id's four bytes
 * from the received bytes of the stream. Returns undefined if the plugin has not opened such a stream yet.
 */
function openedWith(session: RawSession, brokerId: number): Caller | undefined {
  for (const stream of session.theirs) {
    const bytes = concat(stream.received);
    if (bytes.length < 4 || new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) !== brokerId) continue;
    stream.received = [bytes.slice(4)];
    return new Caller(stream);
  }
  return undefined;
}

async function accept(session: RawSession, brokerId: number): Promise<Caller> {
  let caller: Caller | undefined;
  await session.until(
    () => (caller ??= openedWith(session, brokerId)) !== undefined,
    `a stream with the broker id ${String(brokerId)}`,
  );
  // `until` resolves only after `caller` was set.
  return caller as Caller;
}

/** A call of the plugin's method `ask` that has not been answered yet. */
interface Asked {
  readonly running: Running;
  readonly connection: RawConnection;
  /** The message id of the call. */
  readonly id: number;
}

async function ask(bench: Bench, capabilities: readonly string[], argument: unknown = path): Promise<Asked> {
  const running = await bench.ready({ capabilities });
  const connection = await bench.dispense(running);
  const id = connection.skipId('Plugin.ask');
  const request = requestBytes(id, 'Plugin.ask', [{ ...question, argument }]);
  await connection.stream.sendAll(request);
  return { running, connection, id };
}

/**
 * Calls `ask`, and waits for the plugin to call `Host.Dispense`. If the plugin has no method `ask`, the check
 * does not apply.
 */
async function askForService(
  bench: Bench,
  argument?: unknown,
): Promise<Asked & { caller: Caller; request: Request }> {
  const asked = await ask(bench, ['host'], argument);
  const { session } = asked.running;
  const { responses } = asked.connection;
  let caller: Caller | undefined;
  await session.until(
    () => (caller ??= openedWith(session, askingId)) !== undefined || responses.has(asked.id),
    'a stream with the broker id 0',
  );
  if (caller === undefined) {
    const { error } = responses.get(asked.id) ?? {};
    bench.need('ask', error);
    demand(false, 'a stream with the broker id 0', `the answer ${show(error)}`);
  }
  const request = await caller.request('Host.Dispense on the stream with the broker id 0');
  return { ...asked, caller, request };
}

/**
 * Calls `ask`, answers `Host.Dispense`, and waits for the plugin to call the service. Does not answer the
 * call of the service.
 */
async function callService(
  bench: Bench,
  argument?: unknown,
): Promise<Asked & { service: Caller; call: Request }> {
  const { caller, request, ...asked } = await askForService(bench, argument);
  demandEqual([request.method, request.params], ['Host.Dispense', ['files']], 'its request for a service');
  caller.answer(request, null, serviceId);
  const service = await accept(asked.running.session, serviceId);
  return { ...asked, service, call: await service.request('a call of the service') };
}

const serviceChecks: Check[] = [
  {
    section: services,
    name: 'asks for a service by Host.Dispense on a stream with broker id 0, and calls the service on a stream with the new id',
    run: async (bench) => {
      const { connection, id, service, call } = await callService(bench);
      demandEqual([call.method, call.params], ['Plugin.read', [path]], 'its call of the service');
      service.answer(call, null, 'what the file says');
      const { error, result } = await connection.response(id, 'an answer to ask');
      demandEqual([error, result], [null, 'what the file says'], 'the answer to ask');
    },
  },
  {
    section: services,
    name: 'uses the credit that comes with the acknowledgement of its stream',
    run: async (bench) => {
      const argument = patternBytes(initialWindow + openingCredit / 2);
      const { connection, id, service, call } = await callService(bench, argument);
      demandEqual(call.params, [argument], 'the params of its call of the service');
      service.answer(call, null, 'x');
      await connection.response(id, 'an answer to ask');
    },
  },
  {
    section: services,
    name: 'finishes the stream of a service that it no longer needs',
    run: async (bench) => {
      const { running, connection, id, service, call } = await callService(bench);
      service.answer(call, null, 'x');
      await connection.response(id, 'an answer to ask');
      await running.session.until(() => service.stream.hasFinished, 'FIN on the stream of the service');
      service.stream.finish();
    },
  },
  {
    section: services,
    name: 'answers other calls while it waits for its host',
    run: async (bench) => {
      const { connection, id, service, call } = await callService(bench);
      demandEqual(await bench.call(connection, 'echo', 'meanwhile'), 'meanwhile', 'the result of echo');
      service.answer(call, null, 'x');
      await connection.response(id, 'an answer to ask');
    },
  },
  {
    section: services,
    name: 'fails its call if its host has no such service or if the service fails, and still answers other calls',
    run: async (bench) => {
      const unknown = await askForService(bench);
      unknown.caller.answer(unknown.request, 'unknown service: files', null);
      const first = await unknown.connection.response(unknown.id, 'an answer to ask');
      demand(
        textOf(first.error).includes('unknown service: files'),
        "an error that says 'unknown service: files'",
        describeError(first.error),
      );
      const failed = await callService(bench);
      failed.service.answer(failed.call, 'no disk', null);
      const second = await failed.connection.response(failed.id, 'an answer to ask');
      demand(
        textOf(second.error).includes('no disk'),
        "an error that says 'no disk'",
        describeError(second.error),
      );
      demandEqual(await bench.call(failed.connection, 'echo', 1), 1, 'the result of echo');
    },
  },
  {
    section: services,
    name: 'fails its call if its host resets the stream of the service that it waits for',
    run: async (bench) => {
      const { connection, id, service } = await callService(bench);
      service.stream.reset();
      const { error } = await connection.response(id, 'an answer to ask');
      demand(error !== null, 'ask to fail', 'a result');
    },
  },
  {
    section: services,
    name: 'opens no stream for services to a host that did not announce the capability host',
    run: async (bench) => {
      const { running, connection, id } = await ask(bench, []);
      const { error } = await connection.response(id, 'an answer to ask');
      bench.need('ask', error);
      demand(error !== null, 'ask to fail', 'a result');
      demandEqual(running.session.theirs.length, 0, 'the number of streams that it opened');
    },
  },
];

/** Starts a plugin. If the plugin does not announce `describe`, the check does not apply. */
async function describing(bench: Bench): Promise<Running> {
  const running = await bench.ready();
  if (!running.line.capabilities.has('describe'))
    throw new DoesNotApply('the plugin does not announce describe');
  return running;
}

type Said = Readonly<Record<string, unknown>>;

const isMap = (value: unknown): value is Said =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null;
const isText = (value: unknown): boolean => typeof value === 'string';
const isList = Array.isArray;

const kinds = { text: isText, list: isList, map: isMap };

/**
 * Demands that `value` is a map. A key of `fields` may be missing from the map. If the map has the key, its
 * value must be of the kind that `fields` names.
 */
function demandFields(
  value: unknown,
  what: string,
  fields: Readonly<Record<string, keyof typeof kinds>>,
): asserts value is Said {
  demand(isMap(value), `${what} to be a map`, show(value));
  for (const [key, kind] of Object.entries(fields)) {
    const held = value[key];
    demand(held === undefined || kinds[kind](held), `${key} of ${what} to be a ${kind}`, show(held));
  }
}

const descriptionChecks: Check[] = [
  {
    section: descriptions,
    name: 'tells its runtime, versions and names by Control.Describe, with a parameter and without',
    run: async (bench) => {
      const { control, line } = await describing(bench);
      for (const params of [[true], []]) {
        const said = await control.result('Control.Describe', ...params);
        demandFields(said, 'its description', { name: 'text', version: 'text' });
        const { runtime, protocolVersions, plugins } = said;
        demand(isText(runtime) && runtime !== '', 'a text for runtime', show(runtime));
        demandEqual(protocolVersions, line.versions, 'protocolVersions');
        demand(isList(plugins) && plugins.every(isText), 'a list of names', show(plugins));
        const { service } = bench.target;
        const { error } = await control.call('Dispenser.Dispense', service);
        if (error === null)
          demand(
            plugins.includes(service),
            `'${service}', which it dispenses, in plugins`,
            plugins.join(', '),
          );
      }
    },
  },
  {
    section: descriptions,
    name: 'lists in $/describe exactly the methods that can be called, and answers calls after that',
    run: async (bench) => {
      const connection = await bench.dispense(await describing(bench));
      const said = await connection.result('$/describe');
      demandFields(said, 'the description of its methods', {});
      for (const [method, one] of Object.entries(said))
        demandFields(one, `the description of ${method}`, { doc: 'text', input: 'list', errors: 'map' });
      demand('echo' in said, 'echo among its methods', Object.keys(said).join(', '));
      for (const name of ['noSuchMethod', 'constructor', '__proto__', 'then'])
        demand(!Object.hasOwn(said, name), `no ${name} among its methods`, Object.keys(said).join(', '));
      const ids = Object.keys(said).map((name) => connection.request(`Plugin.${name}`, [null]));
      demandEqual(await bench.call(connection, 'echo', 1), 1, 'the result of echo');
      // A method that gets an unfitting argument may never answer, so the check looks only at the answers
      // that have already arrived.
      for (const id of ids) {
        const text = textOf(connection.responses.get(id)?.error);
        demand(
          !text.includes("can't find"),
          'only methods that can be called among its methods',
          `'${text}'`,
        );
      }
    },
  },
];

export const askingChecks: Check[] = [...serviceChecks, ...descriptionChecks];
