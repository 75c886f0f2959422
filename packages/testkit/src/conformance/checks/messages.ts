/**
 * Checks of section 6 of docs/protocol.md: which messages a stream may carry, and which effect an invalid
 * message has.
 */
import { show } from '../../transcript/show.ts';
import { encode } from '../../wire/msgpack.ts';
import { describeError, requestBytes, textOf, type Bench, type Check, type Running } from '../bench.ts';
import { resultOf, type RawConnection } from '../raw-connection.ts';
import { demand, demandEqual, DoesNotApply } from '../verdict.ts';

const section = 'calls';

const broken: [what: string, bytes: Uint8Array][] = [
  ['of another kind', encode([5, 0, 'Plugin.echo', [1]])],
  ['that is no array', encode({ method: 'Plugin.echo' })],
  ['of one element', encode([0])],
  // A valid request, except that its array has the longer header for up to 65,535 elements.
  [
    'that does not begin with a fixarray',
    Buffer.concat([Uint8Array.of(0xdc, 0, 4), requestBytes(0, 'Plugin.echo', [1]).subarray(1)]),
  ],
];

/** Fails the check unless the plugin refuses the stream, and answers a call on another stream. */
async function demandRefusedAlone(
  bench: Bench,
  running: Running,
  connection: RawConnection,
  what: string,
): Promise<void> {
  const other = await bench.dispense(running);
  await running.session.until(() => connection.stream.isRefused, `a reset of the stream after ${what}`);
  demandEqual(
    await bench.call(other, 'echo', 'still here'),
    'still here',
    'the result of echo on another stream',
  );
}

export const messageChecks: Check[] = [
  ...broken.map(([what, bytes]): Check => ({
    section,
    name: `resets a stream at a message ${what}, and no other stream`,
    run: async (bench) => {
      const running = await bench.ready();
      const connection = await bench.dispense(running);
      await bench.call(connection, 'echo', 0);
      const answered = connection.responses.size;
      connection.stream.send(bytes);
      await demandRefusedAlone(bench, running, connection, `a message ${what}`);
      demandEqual(connection.responses.size - answered, 0, 'the number of answers to that message');
    },
  })),
  {
    section,
    name: 'takes a request that has more elements than it knows, or resets the stream',
    run: async (bench) => {
      const running = await bench.ready();
      const other = await bench.dispense(running);
      // If the plugin announced `meta`, the fifth element must be the map of section 12.
      for (const further of [[{}], [{}, null]]) {
        const connection = await bench.dispense(running);
        await bench.call(connection, 'echo', 0);
        const { stream } = connection;
        const id = connection.skipId('Plugin.echo');
        stream.send(encode([0, id, 'Plugin.echo', ['long'], ...further]));
        const what = `an answer to a request of ${String(4 + further.length)} elements, or a reset of its stream`;
        await running.session.until(() => stream.isRefused || connection.responses.has(id), what);
        const response = connection.responses.get(id);
        if (response !== undefined)
          demandEqual(resultOf('Plugin.echo', response), 'long', 'the result of echo');
      }
      demandEqual(
        await bench.call(other, 'echo', 'still here'),
        'still here',
        'the result of echo on another stream',
      );
    },
  },
  {
    section,
    name: 'resets a stream at a request whose id is in use, and no other stream',
    run: async (bench) => {
      const running = await bench.ready();
      const connection = await bench.dispense(running);
      await bench.call(connection, 'sleep', 0);
      const id = connection.request('Plugin.sleep', [300_000]);
      connection.stream.send(requestBytes(id, 'Plugin.echo', ['the same id']));
      await demandRefusedAlone(bench, running, connection, 'a second request with the id of one that runs');
    },
  },
  {
    section,
    name: 'ignores an answer to a call that it never made, and an unknown notification',
    run: async (bench) => {
      const running = await bench.ready();
      // Stock MessagePack-RPC libraries do not accept these two messages. So a host may send the messages
      // only to a plugin that announced `cancel` or `refs`.
      const { capabilities } = running.line;
      if (!capabilities.has('cancel') && !capabilities.has('refs'))
        throw new DoesNotApply('the plugin announces neither cancel nor refs');
      const connection = await bench.dispense(running);
      for (const each of [running.control, connection]) {
        each.stream.send(encode([1, 4_000_000_000, null, 'to nobody']));
        each.notify('nothing/known', [1, 2]);
      }
      demandEqual(await bench.call(connection, 'echo', 'still here'), 'still here', 'the result of echo');
      await running.control.result('Control.Ping', true);
    },
  },
  {
    section,
    name: 'fails a call with an error that is not empty, even if the thrown message is empty',
    run: async (bench) => {
      const connection = await bench.dispense(await bench.ready());
      const { error } = await connection.call('Plugin.fail', '');
      bench.need('fail', error);
      demand(error !== null && error !== '', 'an error that is neither nil nor empty', show(error));
      demand(textOf(error) !== '', 'an error with a text', show(error));
    },
  },
  {
    section,
    name: 'writes the kind and the id of an answer, and a broker id, as integers',
    run: async (bench) => {
      const running = await bench.ready();
      const connection = await bench.dispense(running);
      const brokerId = resultTag(running.control.newest);
      await bench.call(connection, 'echo', 0);
      const [, kind, id] = connection.newest;
      const tags = { 'the kind of an answer': kind, 'the id of an answer': id, 'a broker id': brokerId };
      for (const [what, tag] of Object.entries(tags)) demandInteger(tag, what);
    },
  },
  {
    section,
    name: 'writes integers as integers, and negative zero as a float',
    run: async (bench) => {
      const connection = await bench.dispense(await bench.ready());
      for (const value of [0, 7, 1_000_000, -5]) {
        demandEqual(await bench.call(connection, 'echo', value), value, 'the result of echo');
        demandInteger(resultTag(connection.newest), String(value));
      }
      const id = connection.request('Plugin.echo', []);
      await connection.response(id);
      const zero = Uint8Array.of(0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0);
      const request = requestBytes(id + 1, 'Plugin.echo', [0]);
      connection.expect(id + 1, 'Plugin.echo');
      connection.stream.send(Buffer.concat([request.subarray(0, -1), zero]));
      const { error, result } = await connection.response(id + 1);
      demand(
        error === null && Object.is(result, -0),
        'negative zero',
        error === null ? show(result) : describeError(error),
      );
    },
  },
];

function demandInteger(tag: number | undefined, what: string): void {
  demand(tag !== 0xca && tag !== 0xcb, `${what} as an integer`, 'a float');
}

/**
 * Returns the first byte of the result in a small response. In the message, this byte follows the header of
 * the array, the kind, an id and nil.
 */
function resultTag(bytes: Uint8Array): number {
  const id = bytes[2] ?? 0;
  const idLength = id < 0x80 ? 1 : 1 + 2 ** (id & 3);
  return bytes[2 + idLength + 1] ?? 0;
}
