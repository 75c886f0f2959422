/**
 * Checks of section 7 of docs/protocol.md: a plugin must support each capability that it announces, and must
 * use no capability that the host did not announce.
 */
import { show } from '../../transcript/show.ts';
import { Extension, WireReader } from '../../wire/decode.ts';
import { encode } from '../../wire/msgpack.ts';
import { initialWindow } from '../../wire/yamux.ts';
import {
  codeOf,
  describeError,
  idBytes,
  textOf,
  withCapability,
  type Bench,
  type Check,
  type Running,
} from '../bench.ts';
import { resultOf } from '../raw-connection.ts';
import type { RawStream } from '../raw-stream.ts';
import { demand, demandEqual, DoesNotApply } from '../verdict.ts';
import { echoOf, nested } from './limits.ts';

const section = 'capabilities';

export const mark = (letter: string): Extension => new Extension(80, Uint8Array.of(letter.charCodeAt(0)));

/** Returns a reference of the kind `kind` with the id `id`, as it is written on the wire. */
export const reference = (kind: string, id: number): Extension =>
  new Extension(80, Uint8Array.of(kind.charCodeAt(0), ...idBytes(id)));

/**
 * The encodings of values that only the capability `types` defines. docs/protocol.md lists them in a table.
 */
const beyond: [name: string, wire: unknown][] = [
  ['undefined', new Extension(0, Uint8Array.of(0))],
  ['a small bigint', [mark('b'), 5]],
  ['a bigint beyond 64 bits', new Extension(80, Uint8Array.of(0x4e, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0))],
  ['a Map', [mark('M'), 'a', 1, 2, 'b']],
  ['a Set', [mark('S'), 1, 'two']],
  ['a RegExp', [mark('R'), 'a+b', 'gi']],
  ['a URL', [mark('U'), 'https://example.com/path']],
  ['an invalid Date', [mark('D')]],
];

/** The types of binary data. The eight bytes of `data` are a whole number of elements of each type. */
const typesOfData =
  'ArrayBuffer Buffer DataView Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array ' +
  'Uint32Array Float32Array Float64Array BigInt64Array BigUint64Array';
const data = Uint8Array.of(0, 0, 0, 0, 0, 0, 0xf8, 0x3f);

/** Reads the items of a stream of values. */
class ItemReader {
  readonly items: unknown[] = [];
  /**
   * The kind of the newest message that is not a plain item: 1 or 2 at the end of the stream, 3 in answer to
   * a throw.
   */
  end: unknown;
  constructor(stream: RawStream) {
    const values = new WireReader();
    const take = stream.take.bind(stream);
    stream.take = (payload) => {
      take(payload);
      for (const message of values.push(payload)) {
        const [word, value] = Array.isArray(message) ? (message as unknown[]) : [];
        if (word === 0) this.items.push(value);
        else this.end = word;
      }
    };
  }
}

/**
 * Calls `count(to)`, and opens the stream of values that the answer refers to. Returns that stream and a
 * reader of its items.
 */
async function dialCount(
  bench: Bench,
  running: Running,
  to: number,
): Promise<{ stream: RawStream; reader: ItemReader }> {
  const connection = await bench.dispense(running);
  const result = await bench.call(connection, 'count', to);
  const isStream = result instanceof Extension && result.type === 80 && result.data[0] === 'i'.charCodeAt(0);
  demand(isStream, 'a reference to an async iterable', show(result));
  const stream = running.session.open();
  const reader = new ItemReader(stream);
  stream.autoCredit = false;
  stream.send(result.data.slice(1));
  return { stream, reader };
}

/** Opens a long stream of values, and waits until its items fill the window of the stream. */
async function fillWithItems(
  bench: Bench,
): Promise<{ running: Running; stream: RawStream; reader: ItemReader }> {
  const running = await withCapability(bench, 'refs');
  const { stream, reader } = await dialCount(bench, running, 10_000_000);
  await running.session.until(
    () => stream.receivedBytes >= initialWindow - 64,
    'the window to be filled with items',
  );
  return { running, stream, reader };
}

/**
 * Grants credit until `hasEnded()` is true. Fails the check if a million or more items arrive before that.
 */
async function demandEarlyEnd(
  { stream, reader }: { stream: RawStream; reader: ItemReader },
  hasEnded: () => boolean,
  what: string,
): Promise<void> {
  stream.autoCredit = true;
  stream.grant(initialWindow);
  await stream.session.until(hasEnded, what);
  const count = reader.items.length;
  demand(count < 1_000_000, `${what} soon`, `${String(count)} items first`);
}

export const capabilityChecks: Check[] = [
  {
    section,
    name: 'answers a cancelled call early',
    run: async (bench) => {
      const connection = await bench.dispense(await withCapability(bench, 'cancel'));
      await bench.call(connection, 'sleep', 0);
      const id = connection.request('Plugin.sleep', [300_000]);
      connection.notify('$/cancel', [id]);
      await connection.response(id, 'an answer to the cancelled call');
    },
  },
  {
    section,
    name: 'takes no notice of a cancel that comes too late or for no call',
    run: async (bench) => {
      const connection = await bench.dispense(await withCapability(bench, 'cancel'));
      await bench.call(connection, 'echo', 1);
      connection.notify('$/cancel', [0]);
      connection.notify('$/cancel', [4_000_000_000]);
      demandEqual(await bench.call(connection, 'echo', 2), 2, 'the result of echo');
    },
  },
  {
    section,
    name: 'sends errors as maps with name and message to a host that announced errors',
    run: async (bench) => {
      const connection = await bench.dispense(await withCapability(bench, 'errors'));
      const { error } = await connection.call('Plugin.fail', 'as a map');
      bench.need('fail', error);
      const isMap = typeof error === 'object' && error !== null && 'name' in error && 'message' in error;
      demand(isMap, 'a map with name and message', show(error));
      demand(textOf(error).includes('as a map'), "the message 'as a map'", describeError(error));
    },
  },
  {
    section,
    name: 'says by a code that it does not offer a method, if the host announced errors',
    run: async (bench) => {
      const connection = await bench.dispense(await withCapability(bench, 'errors'));
      const { error } = await connection.call('Plugin.noSuchMethod');
      demandEqual(codeOf(error), 'RPC_UNKNOWN_METHOD', 'the code of the error');
    },
  },
  {
    section,
    name: 'says by a code that it cannot accept a value, if the host announced errors',
    run: async (bench) => {
      const running = await withCapability(bench, 'errors', 'types');
      const connection = await bench.dispense(running);
      await bench.call(connection, 'echo', 0);
      const faults: [what: string, param: Uint8Array, code: string][] = [
        ['a value of 140 levels', nested(140), 'RPC_TOO_DEEP'],
      ];
      if (running.line.capabilities.has('types'))
        faults.push([
          'an unknown extension',
          encode(new Extension(5, Uint8Array.of(1))),
          'RPC_INVALID_VALUE',
        ]);
      for (const [what, param, code] of faults) {
        const id = connection.skipId('Plugin.echo');
        await connection.stream.sendAll(echoOf(id, param));
        const { error } = await connection.response(id, `an answer to a call with ${what}`);
        demandEqual(codeOf(error), code, `the code of the error of a call with ${what}`);
      }
    },
  },
  {
    section,
    name: 'sends nil for a missing result to a host that did not announce types',
    run: async (bench) => {
      const connection = await bench.dispense(await bench.ready());
      demandEqual(await bench.call(connection, 'sleep', 0), null, 'the result of sleep');
    },
  },
  ...beyond.map(([name, wire]): Check => ({
    section,
    name: `gives back ${name} to a host that announced types`,
    run: async (bench) => {
      const connection = await bench.dispense(await withCapability(bench, 'types'));
      demandEqual(await bench.call(connection, 'echo', wire), wire, 'the result of echo');
    },
  })),
  {
    section,
    name: 'gives back typed arrays to a host that announced types',
    run: async (bench) => {
      const connection = await bench.dispense(await withCapability(bench, 'types'));
      for (const name of typesOfData.split(' ')) {
        const wire = [mark('T'), name, data];
        const result = await bench.call(connection, 'echo', wire);
        // A plugin may also send a Uint8Array as a bin, without a mark.
        const isBare = name === 'Uint8Array' && result instanceof Uint8Array;
        demandEqual(isBare ? [mark('T'), name, result] : result, wire, 'the result of echo');
      }
    },
  },
  {
    section,
    name: 'gives back an Error to a host that announced types',
    run: async (bench) => {
      const connection = await bench.dispense(await withCapability(bench, 'types'));
      const sent = { name: 'RangeError', message: 'out of range', code: 'E_RANGE' };
      const result = await bench.call(connection, 'echo', [mark('E'), sent]);
      const [first, map] = Array.isArray(result) ? (result as unknown[]) : [];
      demandEqual(first, mark('E'), 'the mark of the result of echo');
      // A plugin may add keys, for instance a stack.
      const { name, message, code } = (map ?? {}) as Readonly<Record<string, unknown>>;
      demandEqual({ name, message, code }, sent, 'the error in the result of echo');
    },
  },
  {
    section,
    name: 'answers a call early if its deadline passes',
    run: async (bench) => {
      const connection = await bench.dispense(await withCapability(bench, 'meta'));
      await bench.call(connection, 'sleep', 0);
      const id = connection.request('Plugin.sleep', [300_000], { deadline: 100, unknown: 'ignored' });
      await connection.response(id, 'an answer to the call with a deadline of 100 ms');
    },
  },
  {
    section,
    name: 'takes no notice of keys of the metadata element that it does not know',
    run: async (bench) => {
      const connection = await bench.dispense(await withCapability(bench, 'meta'));
      await bench.call(connection, 'echo', 0);
      const id = connection.request('Plugin.echo', ['known'], { unknown: [1], deadline: 300_000 });
      demandEqual(resultOf('Plugin.echo', await connection.response(id)), 'known', 'the result of echo');
    },
  },
  {
    section,
    name: 'calls a function that it was given, and does not retain it',
    run: async (bench) => {
      const connection = await bench.dispense(await withCapability(bench, 'refs'));
      const calls: unknown[] = [];
      connection.onRequest = (method, params) => {
        calls.push([method, params]);
        return null;
      };
      demandEqual(
        await bench.call(connection, 'each', ['x', 'y'], reference('f', 1)),
        2,
        'the result of each',
      );
      const expected = [
        ['$/call', [1, ['x', 0]]],
        ['$/call', [1, ['y', 1]]],
      ];
      demandEqual(calls, expected, 'its calls of the function');
      const kept = connection.notifications.filter(({ method }) => method === '$/retain');
      demandEqual(kept, [], 'the references that it retained');
    },
  },
  {
    section,
    name: 'sends a stream of values to its end',
    run: async (bench) => {
      const running = await withCapability(bench, 'refs');
      const { stream, reader } = await dialCount(bench, running, 3);
      await running.session.until(() => reader.end !== undefined, 'the end of the stream of values');
      demandEqual(reader.items, [1, 2, 3], 'the items');
      stream.finish();
      await running.session.until(() => stream.hasFinished, 'FIN on the stream of values');
    },
  },
  {
    section,
    name: 'makes the items of a stream no faster than the host takes them, and ends the stream when the host calls return',
    run: async (bench) => {
      const { running, stream, reader } = await fillWithItems(bench);
      await running.control.result('Control.Ping', true);
      demand(
        stream.receivedBytes <= initialWindow,
        'no more than the window',
        `${String(stream.receivedBytes)} bytes`,
      );
      stream.send(encode([0, null]));
      const hasEnded = (): boolean => reader.end !== undefined || stream.hasFinished;
      await demandEarlyEnd({ stream, reader }, hasEnded, 'the end of the stream of values');
    },
  },
  {
    section,
    name: 'answers an error that the host throws into a stream of values',
    run: async (bench) => {
      const { stream, reader } = await fillWithItems(bench);
      stream.send(encode([1, 'thrown by the host']));
      const isAnswered = (): boolean => reader.end !== undefined;
      await demandEarlyEnd({ stream, reader }, isAnswered, 'a message of kind 1, 2 or 3');
    },
  },
  {
    section,
    name: 'ends a stream of values that the host finishes',
    run: async (bench) => {
      const { stream, reader } = await fillWithItems(bench);
      stream.finish();
      await demandEarlyEnd({ stream, reader }, () => stream.isRefused, 'the end of the stream of values');
    },
  },
  {
    section,
    name: 'gives out no reference to a host that did not announce the capability refs',
    run: async (bench) => {
      const running = await bench.ready();
      if (!running.line.capabilities.has('refs')) throw new DoesNotApply('the plugin does not announce refs');
      const connection = await bench.dispense(running);
      const { error, result } = await connection.call('Plugin.count', 3);
      bench.need('count', error);
      demand(error !== null, 'a failure of the call whose result would be a stream', show(result));
    },
  },
];
