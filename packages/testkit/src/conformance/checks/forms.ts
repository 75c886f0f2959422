/**
 * Checks of sections 6 and 8 of docs/protocol.md: a plugin takes every form in which MessagePack can write a
 * value, and not only the shortest.
 */
import { Raw } from '../../../programs/msgpack.mjs';
import { Extension } from '../../wire/decode.ts';
import { arrayForms, binForms, extensionForms, integerForms, mapForms, textForms } from '../../wire/forms.ts';
import { encode } from '../../wire/msgpack.ts';
import { withCapability, type Bench, type Check } from '../bench.ts';
import { resultOf, type RawConnection } from '../raw-connection.ts';
import { demandEqual, plain } from '../verdict.ts';
import { mark } from './capabilities.ts';

/** Values that need no capability, each with some of its forms. */
const values: [value: unknown, forms: Uint8Array[]][] = [
  [7, integerForms(7)],
  [
    -7,
    [Uint8Array.of(0xd0, 0xf9), Uint8Array.of(0xd1, 0xff, 0xf9), Uint8Array.of(0xd2, 0xff, 0xff, 0xff, 0xf9)],
  ],
  // A whole number and a fraction as float32 and float64. A plugin may send the whole number back as an
  // integer.
  [7, [Uint8Array.of(0xca, 0x40, 0xe0, 0, 0), Uint8Array.of(0xcb, 0x40, 0x1c, 0, 0, 0, 0, 0, 0)]],
  [1.5, [Uint8Array.of(0xca, 0x3f, 0xc0, 0, 0), Uint8Array.of(0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0)]],
  ['text', textForms('text')],
  [Uint8Array.of(1, 2), binForms(Uint8Array.of(1, 2))],
  [[1, 'two'], arrayForms([1, 'two'])],
  [{ a: 1 }, [...mapForms([['a', 1]]), ...textForms('a').flatMap((key) => mapForms([[new Raw(key), 1]]))]],
];

/** Values of the capability `types`, each with all forms of its extension. */
const extended: [value: unknown, forms: unknown[]][] = [
  [new Extension(0, Uint8Array.of(0)), rawForms(0, Uint8Array.of(0))],
  [[mark('S'), 1], rawForms(80, mark('S').data).map((form) => [form, 1])],
  // Two bigints beyond 64 bits. MessagePack has a fixext form for the 16 bytes of the first, but not for the
  // 15 bytes of the second.
  ...[15, 14].map((bytes): [value: unknown, forms: unknown[]] => {
    const data = Uint8Array.of(0x4e, 1, ...new Uint8Array(bytes - 1));
    return [new Extension(80, data), rawForms(80, data)];
  }),
];

function rawForms(type: number, data: Uint8Array): Raw[] {
  return extensionForms(type, data).map((form) => new Raw(form));
}

async function demandEchoes(
  bench: Bench,
  connection: RawConnection,
  value: unknown,
  forms: unknown[],
): Promise<void> {
  for (const form of forms) {
    const what = `the result of echo of the bytes ${Buffer.from(encode(form)).toString('hex')}`;
    demandEqual(plain(await bench.call(connection, 'echo', form)), value, what);
  }
}

export const formChecks: Check[] = [
  {
    section: 'calls',
    name: 'takes a value in every form that MessagePack has for it',
    run: async (bench) => {
      const connection = await bench.dispense(await bench.ready());
      for (const [value, forms] of values)
        await demandEchoes(
          bench,
          connection,
          value,
          forms.map((form) => new Raw(form)),
        );
    },
  },
  {
    section: 'calls',
    name: 'takes a request whose parts have longer forms than they need',
    run: async (bench) => {
      const connection = await bench.dispense(await bench.ready());
      await bench.call(connection, 'echo', 0);
      const method = 'Plugin.echo';
      for (const [i, kind] of integerForms(0).entries()) {
        const id = connection.skipId(method);
        const longer = (forms: readonly Uint8Array[]): Raw => new Raw(forms[i % forms.length] as Uint8Array);
        const parts = [integerForms(id), textForms(method), arrayForms(['long'])];
        const bytes = encode([new Raw(kind), ...parts.map(longer)]);
        connection.stream.send(bytes);
        const what = `an answer to the request ${Buffer.from(bytes).toString('hex')}`;
        demandEqual(resultOf(method, await connection.response(id, what)), 'long', 'the result of echo');
      }
    },
  },
  {
    section: 'capabilities',
    name: 'takes an extension in every form that MessagePack has for it, if it announces types',
    run: async (bench) => {
      const connection = await bench.dispense(await withCapability(bench, 'types'));
      for (const [value, forms] of extended) await demandEchoes(bench, connection, value, forms);
    },
  },
];
