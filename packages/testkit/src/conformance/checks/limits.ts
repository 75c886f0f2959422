/** Checks of section 14 of docs/protocol.md: the limits that protect a plugin from its host. */
import { initialWindow } from '../../wire/yamux.ts';
import { encode } from '../../wire/msgpack.ts';
import { describeError, requestBytes, textOf, type Bench, type Check, type Running } from '../bench.ts';
import { withPatience } from '../patience.ts';
import type { RawConnection } from '../raw-connection.ts';
import type { RawStream } from '../raw-stream.ts';
import { CheckFailure, demand, demandEqual } from '../verdict.ts';

const section = 'limits';
const MiB = 1024 * 1024;

/** Returns a request for echo with the encoded value `param` as its only parameter. */
export const echoOf = (id: number, param: Uint8Array): Uint8Array =>
  Buffer.concat([requestBytes(id, 'Plugin.echo', [null]).subarray(0, -1), param]);

export const nested = (levels: number): Uint8Array => {
  const bytes = new Uint8Array(levels).fill(0x91);
  bytes[levels - 1] = 0x90;
  return bytes;
};

/** Returns an array of `count` nils. */
const nils = (count: number): Uint8Array => {
  const bytes = new Uint8Array(5 + count).fill(0xc0);
  bytes[0] = 0xdd;
  new DataView(bytes.buffer).setUint32(1, count);
  return bytes;
};

/** Returns `levels` nested maps. The innermost map is empty. */
const nestedMaps = (levels: number): Uint8Array =>
  Buffer.concat([
    ...Array.from({ length: levels - 1 }, () => Uint8Array.of(0x81, 0xa1, 0x61)),
    Uint8Array.of(0x80),
  ]);

/** Returns a map of `count` nils. All keys have the same length. */
const nilsByKey = (count: number): Uint8Array => {
  const [headBytes, entryBytes, keyBytes] = [5, 8, 6];
  const bytes = Buffer.alloc(headBytes + entryBytes * count, 0xc0);
  bytes[0] = 0xdf;
  bytes.writeUInt32BE(count, 1);
  for (let i = 0; i < count; i++) {
    const at = headBytes + entryBytes * i;
    bytes[at] = 0xa0 | keyBytes;
    bytes.write(i.toString(36).padStart(keyBytes, '0'), at + 1, 'latin1');
  }
  return bytes;
};

/** Checks that a call with the parameter `param` fails, and that the next call on the stream succeeds. */
async function demandFails(
  bench: Bench,
  connection: RawConnection,
  param: Uint8Array,
  what: string,
): Promise<void> {
  const id = connection.skipId('Plugin.echo');
  const { stream } = connection;
  await stream.sendAll(echoOf(id, param));
  const { error } = await connection.response(id, `an answer to a call with ${what}`);
  demand(error !== null, `a call with ${what} to fail`, 'a result');
  demandEqual(
    await bench.call(connection, 'echo', 'still here'),
    'still here',
    'the result of echo after the failed call',
  );
}

/**
 * How long the check waits before it concludes that no credit will come. A busy machine gets more time. If the
 * wait is too short, the check may pass a plugin that breaks the rule, but never fails one that keeps it.
 */
const quietMs = 2_000;

/** Resolves with true if `promise` resolves within {@link quietMs}. A busy machine gets more time. */
const comesSoon = (promise: PromiseLike<unknown>): Promise<boolean> =>
  withPatience(promise, quietMs, (waited) => new CheckFailure(`nothing came ${waited}`)).then(
    () => true,
    () => false,
  );

/**
 * Waits until the stream has credit or was refused, but at most {@link quietMs}. A busy machine gets more
 * time. Resolves with true if the stream has credit.
 */
async function hasCredit({ session }: Running, stream: RawStream): Promise<boolean> {
  const came = (): boolean => stream.ourCredit > 0 || stream.isRefused;
  if (!came()) await session.until(came, 'credit', quietMs).catch(() => undefined);
  return stream.ourCredit > 0 && !stream.isRefused;
}

/**
 * How long the check waits for credit that must come. Before that, the plugin may read other messages of 120
 * MiB.
 */
const patientMs = 60_000;

const unfinishedStreams = 3;
const unfinishedBytes = 120 * MiB;

export const limitChecks: Check[] = [
  {
    section,
    name: 'takes a value of 120 levels',
    run: async (bench) => {
      const connection = await bench.dispense(await bench.ready());
      await bench.call(connection, 'echo', 0);
      const id = connection.skipId('Plugin.echo');
      connection.stream.send(echoOf(id, nested(120)));
      const { error, result } = await connection.response(id);
      demand(error === null, 'a call with a value of 120 levels to succeed', describeError(error));
      let levels = 0;
      for (let value: unknown = result; Array.isArray(value); value = value[0]) levels++;
      demandEqual(levels, 120, 'the levels of the result');
    },
  },
  {
    section,
    name: 'fails a call with a value of more than 128 levels, and goes on',
    run: async (bench) => {
      const connection = await bench.dispense(await bench.ready());
      await bench.call(connection, 'echo', 0);
      // A plugin may or may not count the two levels of the message and its params towards the limit. In both
      // cases 140 levels are too many.
      await demandFails(bench, connection, nested(140), 'a value of 140 levels');
      await demandFails(bench, connection, nested(100_000), 'a value of 100,000 levels');
      await demandFails(bench, connection, nestedMaps(140), 'a value of 140 levels of maps');
    },
  },
  {
    section,
    name: 'takes a message of 900,000 values',
    run: async (bench) => {
      const connection = await bench.dispense(await bench.ready());
      await bench.call(connection, 'echo', 0);
      const id = connection.skipId('Plugin.echo');
      await connection.stream.sendAll(echoOf(id, nils(900_000)));
      const what = 'an answer to a call with an array of 900,000 values';
      const { error, result } = await connection.response(id, what, 3 * bench.target.timeoutMs);
      demand(error === null, 'a call with an array of 900,000 values to succeed', textOf(error));
      demandEqual(Array.isArray(result) && result.length, 900_000, 'the number of values in the result');
    },
  },
  {
    section,
    name: 'fails a call with more than 1,048,576 values, and goes on',
    run: async (bench) => {
      const connection = await bench.dispense(await bench.ready());
      await bench.call(connection, 'echo', 0);
      await demandFails(bench, connection, nils(MiB + 1), 'an array of 1,048,577 values');
      await demandFails(bench, connection, nilsByKey(MiB + 1), 'a map of 1,048,577 values');
    },
  },
  {
    section,
    name: 'resets a stream at the header that claims more than 128 MiB for a message, and no other stream',
    run: async (bench) => {
      const running = await bench.ready();
      const [connection, other] = [await bench.dispense(running), await bench.dispense(running)];
      await bench.call(connection, 'echo', 0);
      connection.stream.send(
        echoOf(connection.skipId('Plugin.echo'), Uint8Array.of(0xc6, 0x09, 0, 0, 0, 1, 2, 3)),
      );
      await running.session.until(
        () => connection.stream.isRefused,
        'a reset of the stream after a header that claims 144 MiB',
      );
      demandEqual(
        await bench.call(other, 'echo', 'still here'),
        'still here',
        'the result of echo on another stream',
      );
    },
  },
  {
    section,
    name: 'takes no further requests on a stream while the host does not take the answers',
    run: async (bench) => {
      const running = await bench.ready();
      const connection = await bench.dispense(running);
      await bench.call(connection, 'echo', 0);
      const { stream } = connection;
      stream.autoCredit = false;
      const param = encode(new Uint8Array(60_000));
      const ids: number[] = [];
      for (let sent = 0; sent < 64 * MiB && (await hasCredit(running, stream));) {
        const id = connection.skipId('Plugin.echo');
        const bytes = echoOf(id, param);
        sent += bytes.length;
        ids.push(id);
        // Each round sends a whole request, whose last part may wait for credit. The loop ends at the first
        // request that waits longer than `quietMs`.
        if (stream.ourCredit >= bytes.length) stream.send(bytes);
        else {
          const sending = stream.sendAll(bytes);
          if (await comesSoon(sending)) continue;
          stream.autoCredit = true;
          stream.grant(initialWindow);
          await sending;
          break;
        }
      }
      const total = ids.length * 60_000;
      demand(
        total < 63 * MiB,
        'no credit while its answers wait',
        `credit for ${String(total)} bytes of requests`,
      );
      if (!stream.autoCredit) {
        stream.autoCredit = true;
        stream.grant(initialWindow);
      }
      for (const id of ids) await connection.response(id, 'an answer after the host grants credit again');
      await running.control.result('Control.Ping', true);
    },
  },
  {
    section,
    long: 'moves much',
    name: 'holds at most 256 MiB of unfinished messages, resets no stream for them, and takes each message that becomes complete',
    run: async (bench) => {
      const running = await bench.ready();
      const connections: RawConnection[] = [];
      for (let i = 0; i < unfinishedStreams; i++) connections.push(await bench.dispense(running));
      for (const connection of connections) await bench.call(connection, 'echo', 0);
      const messages = connections.map((connection) => new LongMessage(running, connection));
      // Each message is sent as far as credit allows, except for its last byte.
      await Promise.all(messages.map((message) => message.sendMost()));
      const whole = messages.filter((message) => message.hasSentMost);
      demand(
        whole.length < unfinishedStreams,
        'credit for at most 256 MiB of unfinished messages',
        `credit for ${String(unfinishedStreams)} messages of 120 MiB`,
      );
      demand(
        connections.every(({ stream }) => !stream.isRefused),
        'no stream to be reset for the sum of all messages',
        'the end of a stream',
      );
      await Promise.all(messages.map((message) => message.finish()));
    },
  },
];

/**
 * A call with 120 MiB of bytes. The plugin does not have the called method, so the answer is a short error.
 */
class LongMessage {
  readonly #running: Running;
  readonly #connection: RawConnection;
  readonly #id: number;
  #left: number = unfinishedBytes;

  constructor(running: Running, connection: RawConnection) {
    this.#running = running;
    this.#connection = connection;
    this.#id = connection.skipId('Plugin.noSuchMethod');
    const head = Uint8Array.of(0xc6, 0, 0, 0, 0);
    new DataView(head.buffer).setUint32(1, unfinishedBytes);
    connection.stream.send(
      Buffer.concat([requestBytes(this.#id, 'Plugin.noSuchMethod', [null]).subarray(0, -1), head]),
    );
  }

  get hasSentMost(): boolean {
    return this.#left <= 1;
  }

  async sendMost(): Promise<void> {
    const { stream } = this.#connection;
    while (this.#left > 1 && (await hasCredit(this.#running, stream))) this.#send(this.#left - 1);
  }

  async finish(): Promise<void> {
    const { stream } = this.#connection;
    while (this.#left > 0) {
      await stream.session.until(
        () => stream.ourCredit > 0 || stream.isRefused,
        'credit for a message after other messages are complete',
        patientMs,
      );
      demand(!stream.isRefused, 'credit for an unfinished message', 'the end of its stream');
      this.#send(this.#left);
    }
    const { error } = await this.#connection.response(this.#id, 'an answer to a call of 120 MiB', patientMs);
    demand(textOf(error).includes("can't find"), "an error that says can't find", describeError(error));
  }

  #send(most: number): void {
    const { stream } = this.#connection;
    const size = Math.min(most, stream.ourCredit, 64 * 1024);
    stream.send(part.subarray(0, size));
    this.#left -= size;
  }
}

const part = new Uint8Array(64 * 1024);
