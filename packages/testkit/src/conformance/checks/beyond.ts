/**
 * Checks of section 8 of docs/protocol.md. Some are about tables and columns. The others are about values
 * that a plugin must refuse if it announces `types`.
 */
import { Raw } from '../../../programs/msgpack.mjs';
import { extensionForms } from '../../wire/forms.ts';
import { textOf, withCapability, type Bench, type Check, type Running } from '../bench.ts';
import { DoesNotApply, demand, demandEqual, plain } from '../verdict.ts';
import { mark } from './capabilities.ts';

const section = 'capabilities';

const bin = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);

const forms: [name: string, wire: unknown, value: unknown][] = [
  [
    'a table',
    [mark('t'), ['a', 'b'], 1, 2, 3, 4],
    [
      { a: 1, b: 2 },
      { a: 3, b: 4 },
    ],
  ],
  [
    // The example in docs/protocol.md, with two more columns: one of any values, and one of maps.
    'columns of every kind',
    [
      mark('C'),
      2,
      ['id', 't', 'ok', 'l', 'x', 'm'],
      [1, bin(0xe8, 0x03, 0x18, 0xfc)],
      [2, bin(1, 2), bin(0x61, 0xc3, 0xbc)],
      [3, bin(1, 0), null, true],
      [4, bin(0, 3), [1, bin(1, 2, 0xff)]],
      [0, 'any', 1.5],
      [5, ['n'], [0, 1, 2]],
    ],
    [
      { id: 1000, t: 'a', ok: true, l: [], x: 'any', m: { n: 1 } },
      { id: -1000, t: 'ü', ok: null, l: [1, 2, -1], x: 1.5, m: { n: 2 } },
    ],
  ],
];

/** Parameters that a plugin must refuse if it announces `types`. */
const refused: [what: string, wire: unknown][] = [
  ...[1, 2, 4, 8, 16].flatMap((length) =>
    extensionForms(5, new Uint8Array(length)).map((form): [what: string, wire: unknown] => [
      `the extension ${Buffer.from(form).toString('hex')} of the unknown type 5`,
      new Raw(form),
    ]),
  ),
  ['a mark that is not the first element', [1, mark('S')]],
  ['a mark with a value of the wrong type', [mark('R'), 5]],
  ['an unknown mark', [mark('z'), 1]],
];

const refusedTables: [what: string, wire: unknown][] = [
  ['a table without whole rows', [mark('t'), ['a', 'b'], 1, 2, 3]],
  ['a table that has a key twice', [mark('t'), ['a', 'a'], 1, 2]],
  ['a column whose length does not fit the rows', [mark('C'), 2, ['a'], [1, bin(1, 2, 3)]]],
];

const rows = Array.from({ length: 100 }, (_, i) => ({
  id: i,
  name: `row ${String(i)}`,
  isEven: i % 2 === 0,
}));

export const beyondChecks: Check[] = [
  {
    section,
    name: 'fails a call with an unknown extension or an invalid mark, and goes on',
    run: async (bench) => {
      await demandFailures(bench, await withCapability(bench, 'types'), refused);
    },
  },
  ...forms.map(([name, wire, value]): Check => ({
    section,
    name: `takes ${name}, if it announces tables, and sends a plain list to a host that does not announce tables`,
    run: async (bench) => {
      const running = await withCapability(bench, 'types');
      needTables(running);
      const connection = await bench.dispense(running);
      demandEqual(plain(await bench.call(connection, 'echo', wire)), value, 'the result of echo');
    },
  })),
  {
    section,
    name: 'sends a plain list of maps to a host that did not announce tables',
    run: async (bench) => {
      const connection = await bench.dispense(await withCapability(bench, 'types'));
      demandEqual(plain(await bench.call(connection, 'echo', rows)), rows, 'the result of echo');
    },
  },
  {
    section,
    name: 'fails a call with a table or columns whose parts do not match, and goes on',
    run: async (bench) => {
      const running = await withCapability(bench, 'types', 'tables');
      needTables(running);
      await demandFailures(bench, running, refusedTables);
    },
  },
];

function needTables({ line }: Running): void {
  if (!line.capabilities.has('tables')) throw new DoesNotApply('the plugin does not announce tables');
}

async function demandFailures(
  bench: Bench,
  running: Running,
  values: readonly [what: string, wire: unknown][],
): Promise<void> {
  const connection = await bench.dispense(running);
  await bench.call(connection, 'echo', 0);
  for (const [what, wire] of values) {
    const { error } = await connection.call('Plugin.echo', wire);
    demand(error !== null && textOf(error) !== '', `a call with ${what} to fail`, 'a result');
  }
  demandEqual(
    await bench.call(connection, 'echo', 'still here'),
    'still here',
    'the result of echo after the failed call',
  );
}
