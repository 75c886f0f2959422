/**
 * Checks of section 6 of docs/protocol.md, the calls: values that need no capability, errors, and many calls
 * at the same time.
 */
import { Raw } from '../../../programs/msgpack.mjs';
import { show } from '../../transcript/show.ts';
import { Extension } from '../../wire/decode.ts';
import { extensionForms } from '../../wire/forms.ts';
import { describeError, textOf, type Check } from '../bench.ts';
import { demand, demandEqual, plain } from '../verdict.ts';

const section = 'calls';

/** Returns the bytes that the plugin's method `bytes` must return for `n`. */
export const patternBytes = (n: number): Uint8Array =>
  Uint8Array.from({ length: n }, (_, i) => (i * 7 + 3) & 255);

const groups: [name: string, values: unknown[]][] = [
  ['nil and booleans', [null, true, false]],
  [
    'integers of every width and of both signs, with their exact value',
    [
      0,
      1,
      127,
      128,
      255,
      256,
      65_535,
      65_536,
      2 ** 31,
      2 ** 32 - 1,
      2 ** 32,
      2 ** 53 - 1,
      -1,
      -32,
      -33,
      -128,
      -129,
      -32_769,
      -(2 ** 31) - 1,
      -(2 ** 53) + 1,
    ],
  ],
  ['integers of 64 bits', [2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n), -(2n ** 53n) - 1n]],
  ['floating point numbers', [0.5, -1.25, Math.PI, 1e300, 5e-324, Number.MAX_VALUE]],
  [
    'strings of every length and script',
    [
      '',
      'a',
      'ä',
      '漢字 und 😀',
      'x'.repeat(31),
      'x'.repeat(32),
      'x'.repeat(255),
      'x'.repeat(256),
      'x'.repeat(70_000),
    ],
  ],
  [
    'bytes as bytes, not as text',
    [new Uint8Array(0), patternBytes(1), patternBytes(255), patternBytes(256), patternBytes(65_536)],
  ],
  [
    'arrays',
    [
      [],
      [1, 'two', null],
      [[[[[]]]]],
      Array.from({ length: 15 }, () => 0),
      Array.from({ length: 16 }, (_, i) => i),
      Array.from({ length: 70_000 }, (_, i) => i & 127),
    ],
  ],
  [
    'maps',
    [
      {},
      { a: 1 },
      { nested: { deep: [{ b: 'c' }] } },
      Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`key ${String(i)}`, i])),
    ],
  ],
];

const echoes = groups.map(([name, values]): Check => ({
  section,
  name: `gives back ${name}`,
  run: async (bench) => {
    const connection = await bench.dispense(await bench.ready());
    for (const value of values)
      demandEqual(plain(await bench.call(connection, 'echo', value)), value, 'the result of echo');
  },
}));

/**
 * Timestamps of 32, 64 and 96 bits, each in all forms of an extension. The timestamps of 64 and 96 bits are
 * half a second later than the one of 32 bits.
 */
const timestamps = [
  Uint8Array.of(0x5e, 0x0b, 0xe1, 0x00),
  Uint8Array.of(0x77, 0x35, 0x94, 0x00, 0x5e, 0x0b, 0xe1, 0x00),
  Uint8Array.of(0x1d, 0xcd, 0x65, 0x00, 0, 0, 0, 0, 0x5e, 0x0b, 0xe1, 0x00),
].flatMap((data) => extensionForms(-1, data).map((form) => [data, form] as const));

export const callChecks: Check[] = [
  ...echoes,
  {
    section,
    name: 'gives back a timestamp',
    run: async (bench) => {
      const connection = await bench.dispense(await bench.ready());
      for (const [data, form] of timestamps) {
        const result = await bench.call(connection, 'echo', new Raw(form));
        // The plugin may answer in another form, and with less precise fractions of a second.
        const isTime =
          result instanceof Extension && result.type === -1 && secondsOf(result.data) === secondsOf(data);
        const sent = Buffer.from(form).toString('hex');
        demand(isTime, `a timestamp of the same second as ${sent}`, show(result));
      }
    },
  },
  ...[0, 1, 65_535, 65_536, 262_144, 8 * 1024 * 1024].map((n): Check => ({
    section,
    name: `returns ${n.toLocaleString('en')} bytes whole`,
    run: async (bench) => {
      const connection = await bench.dispense(await bench.ready());
      demandEqual(
        await bench.call(connection, 'bytes', n),
        patternBytes(n),
        `the result of bytes(${String(n)})`,
      );
    },
  })),
  {
    section,
    name: 'answers hundreds of calls in flight on one stream, each with its own result',
    run: async (bench) => {
      const connection = await bench.dispense(await bench.ready());
      const results = await Promise.all(
        Array.from({ length: 300 }, (_, i) => bench.call(connection, 'echo', i)),
      );
      demandEqual(
        results,
        results.map((_, i) => i),
        'the results',
      );
    },
  },
  {
    section,
    name: 'answers a short call before a long one that came first',
    run: async (bench) => {
      const connection = await bench.dispense(await bench.ready());
      await bench.call(connection, 'sleep', 0);
      const long = connection.request('Plugin.sleep', [300]);
      const short = connection.request('Plugin.echo', ['quick']);
      await Promise.all([connection.response(long), connection.response(short)]);
      demandEqual(connection.order.slice(-2), [short, long], 'the order of the answers');
    },
  },
  {
    section,
    name: 'fails a call with the text of its error, and goes on',
    run: async (bench) => {
      const connection = await bench.dispense(await bench.ready());
      const { error } = await connection.call('Plugin.fail', 'the dog ate it');
      bench.need('fail', error);
      demand(
        typeof error === 'string',
        'an error as a string, to a host without the capability errors',
        show(error),
      );
      demand(error.includes('the dog ate it'), "an error that says 'the dog ate it'", `'${error}'`);
      demandEqual(await bench.call(connection, 'echo', 'still here'), 'still here', 'the result of echo');
    },
  },
  {
    section,
    name: "fails a call of an unknown method with can't find and the name of the method, and goes on",
    run: async (bench) => {
      const connection = await bench.dispense(await bench.ready());
      for (const name of ['noSuchMethod', 'constructor', '__proto__', 'toString', 'then']) {
        const { error } = await connection.call(`Plugin.${name}`, true);
        const text = textOf(error);
        demand(
          text.includes("can't find") && text.includes(name),
          `an error that says can't find method Plugin.${name}`,
          describeError(error),
        );
      }
      demandEqual(await bench.call(connection, 'echo', 'still here'), 'still here', 'the result of echo');
    },
  },
];

function secondsOf(data: Uint8Array): number {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  if (data.length === 4) return view.getUint32(0);
  if (data.length === 8) return (view.getUint32(0) & 3) * 2 ** 32 + view.getUint32(4);
  return Number(view.getBigInt64(4));
}
