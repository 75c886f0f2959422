// Generators of invalid MessagePack and RPC. Each generator takes a source of random numbers, and returns the
// bytes of one attack.
import * as m from './msgpack.mjs';

const MOST = 0xffff_ffff;
const deep = (open, levels, core = m.nil) => Buffer.concat([Buffer.alloc(levels, open), core]);
const words = [
  '__proto__',
  'constructor',
  'prototype',
  'then',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '',
  'toJSON',
  '\0',
  '\ud800',
];

/** Returns one value that is hostile in its form or in its meaning. */
export function hostileValue(random) {
  return random.pick(values)(random);
}

const values = [
  () => m.array32(MOST),
  () => m.map32(MOST),
  () => m.str32(MOST),
  () => m.bin32(MOST),
  (r) => m.ext32(MOST, r.u32()),
  (r) => Buffer.concat([m.array32(r.pick([1_000, 100_000])), m.nil]),
  // 0x91 begins an array of one item. 0x81 and a key begin a map of one entry. The limit of nesting is 128.
  (r) => deep(0x91, r.pick([126, 127, 128, 129, 1_000, 20_000])),
  (r) =>
    Buffer.concat([
      ...Array.from({ length: r.pick([100, 130, 3_000]) }, () => Buffer.from([0x81, 0xa1, 0x61])),
      m.nil,
    ]),
  (r) => m.fixext1(r.u32(), r.u32() & 0xff),
  (r) => m.ext8(r.u32(), r.bytes(r.below(40))),
  (r) => m.ext8(r.pick([-1, 0x72, 0x74, 0x78, 0x62, 0x73, 0x65, 0x69, 0x70]), r.bytes(r.below(40))),
  // msgpackr's record extension carries a class definition. A decoder that allows this extension would
  // compile the class.
  () =>
    Buffer.concat([
      m.fixext1(0x72, 0x40),
      m.encode(['x;globalThis.polluted=1;//', 'b']),
      m.encode(1),
      m.encode(2),
    ]),
  () => Buffer.from([0xc1]),
  () => Buffer.from([0xa4, 0xff, 0xfe, 0xc0, 0x80]),
  (r) => m.encode('x'.repeat(r.pick([0, 31, 32, 65_536, 1_048_576]))),
  (r) => m.encode(r.pick(words)),
  () => m.pairs([['__proto__', { polluted: true }]]),
  () => m.pairs([['constructor', { prototype: { polluted: true } }]]),
  () =>
    m.pairs([
      ['then', 1],
      ['toJSON', 2],
    ]),
  () =>
    m.pairs([
      ['a', 1],
      ['a', 2],
    ]),
  () =>
    m.pairs([
      [m.pairs([['k', 1]]), 1],
      [m.nil, 2],
      [[1, 2], 3],
    ]),
  (r) => m.encode(r.pick([NaN, Infinity, -0, -1.5, 2 ** 53, 2 ** 64, 1e308])),
  (r) => m.encode(r.u32()),
  () => Buffer.from([0xcf, ...Buffer.alloc(8, 0xff)]),
  () => Buffer.from([0xd3, 0x80, ...Buffer.alloc(7)]),
  () => m.ext8(-1, Buffer.alloc(12, 0xff)),
  () => m.ext8(-1, Buffer.alloc(3)),
  () => m.nil,
  () => m.encode([]),
  (r) => m.encode(r.bytes(r.length(4_096))),
  (r) => lyingError(r),
  (r) => m.reference(letter(r, 'fosctayiwrq'), r.pick([0, 1, 2, 77, MOST])),
  (r) => m.reference(letter(r, 'fosctayiwrq'), r.pick([0, 1, 2, 77, MOST])),
  (r) =>
    m.encode([
      m.mark(letter(r, 'bCDEMRSTUt?')),
      ...Array.from({ length: r.below(4) }, () => hostileScalar(r)),
    ]),
  (r) => m.encode([hostileScalar(r), m.mark(letter(r, 'bCDEMRSTUt?'))]),
  (r) => m.bigint(r.bytes(r.length(70_000))),
  hostileColumns,
  hostileColumns,
];

/**
 * Returns a table in the form of columns. The number of rows, the keys, the kind of a column or the length of
 * its bytes may be wrong.
 */
function hostileColumns(random) {
  const rows = random.pick([1, 2, 3, 16, 200]);
  const keys = random.pick([
    ['a'],
    ['a', 'b'],
    ['a', 'b', 'c'],
    ['a', 'a'],
    ['a', '__proto__'],
    ['then'],
    [],
  ]);
  const claimed = random.chance(0.1) ? random.pick([0, 1.5, rows + 1, 2 ** 31, MOST]) : rows;
  const columns = keys.map(() => hostileColumn(random, rows, 3));
  return m.encode([m.mark('C'), claimed, keys, ...columns.slice(random.chance(0.05) ? 1 : 0)]);
}

function hostileColumn(random, rows, levels) {
  // About nine of ten bins have the right length. After a wrong length, the receiver makes no further checks.
  const bin = (length) =>
    new Uint8Array(random.bytes(random.chance(0.9) ? length : random.below(2 * length + 2)));
  const same = (byte) => bin(rows).fill(byte);
  const text = (length) =>
    Buffer.concat([m.bin32(length), Buffer.alloc(length, random.pick(['a', 'ü', '\uFEFF']))]);
  const inner = (count) => hostileColumn(random, count, levels - 1);
  const kinds = [
    () => [0, ...Array.from({ length: rows }, () => hostileScalar(random))],
    () => [1, bin(rows * random.pick([1, 2, 4, 8, 3]))],
    () => [2, same(3), text(rows * 3)],
    () => [2, bin(rows * random.pick([1, 2, 4])), text(random.below(100))],
    () => [3, same(random.below(2)), m.nil, random.pick(['x', m.mark('M'), 5, 'x'.repeat(33)])],
    () => [random.below(9), hostileScalar(random), hostileScalar(random)],
  ];
  if (levels > 0) {
    kinds.push(
      () => [4, same(2), inner(rows * 2)],
      () => [4, same(0), inner(0)],
      () => [5, ['k', random.pick(['l', 'then', '__proto__', 'k'])], inner(rows), inner(rows)],
    );
  }
  return random.pick(kinds)();
}

const letter = (random, letters) => letters[random.below(letters.length)];

/**
 * Returns a value to put after a mark. A mark is the first element of an array, and says what the array
 * means. Most of these values are invalid after most marks.
 */
const hostileScalar = (random) =>
  random.pick([
    () => m.nil,
    () => m.encode(random.pick(words)),
    () => m.encode(random.pick(['(', 'a', 'gg', 'Float64Array', 'Object', 'Function', 'http://[', 'a:'])),
    () => m.encode(random.below(9)),
    () => m.encode(random.bytes(random.below(20))),
    () => m.encode([random.pick(words), 'b']),
    () =>
      m.pairs([
        ['name', 'TypeError'],
        ['message', 5],
      ]),
  ])();

/** Returns a map that stands for an error and has invalid entries. */
export function lyingError(random) {
  const text = () =>
    random.pick(['Error', '', 'x'.repeat(200_000), '\u001b[2J', '__proto__', 'PipeworkError']);
  const any = () =>
    random.pick([
      m.nil,
      m.encode(text()),
      m.encode(7),
      m.encode([1]),
      m.pairs([['__proto__', { polluted: 1 }]]),
    ]);
  const nested = (levels) =>
    levels === 0
      ? any()
      : m.pairs([
          ['name', 'E'],
          ['message', 'm'],
          ['cause', nested(levels - 1)],
        ]);
  return random.pick([
    () =>
      m.pairs([
        ['name', any()],
        ['message', any()],
        ['code', any()],
        ['stack', any()],
        ['data', any()],
      ]),
    () =>
      m.pairs([
        ['message', 'm'],
        ['cause', nested(random.pick([1, 50, 200]))],
      ]),
    () =>
      m.pairs([
        ['name', 'AggregateError'],
        ['errors', random.pick([any(), m.array32(MOST), m.encode([any(), any()])])],
      ]),
    () =>
      m.pairs([
        ['name', 'TypeError'],
        [
          'data',
          m.pairs([
            ['message', 'other'],
            ['name', 'other'],
            ['stack', 1],
            ['cause', 2],
            ['code', 3],
            ['__proto__', 4],
          ]),
        ],
      ]),
    () => any(),
  ])();
}

/**
 * Returns one message that is valid MessagePack with invalid content. `ids` are message ids that may be in
 * use.
 */
export function hostileMessage(random, ids = [0, 1, 2, 3]) {
  const id = () => random.pick([...ids, 999, MOST, -1, '1', m.nil, 1.5]);
  const method = () =>
    random.pick([
      ...words.map((word) => `Plugin.${word}`),
      ...words,
      'Plugin.echo',
      'Control.Quit',
      'Dispenser.Dispense',
      `Plugin.${'x'.repeat(1_048_576)}`,
    ]);
  return m.encode(
    random.pick([
      () => [0, id(), method(), [hostileValue(random)]],
      () => [0, id(), method(), hostileValue(random)],
      () => [1, id(), m.nil, hostileValue(random)],
      () => [1, id(), lyingError(random), m.nil],
      () => [1, id(), lyingError(random), hostileValue(random)],
      () => [2, method(), [hostileValue(random)]],
      () => [
        2,
        random.pick(['$/cancel', '$/release', '$/retain', '$/abort', '$/drop', '$/x', '$']),
        [hostileValue(random)],
      ],
      () => [2, '$/cancel', [id()]],
      () => [
        2,
        random.pick(['$/release', '$/retain', '$/abort', '$/drop']),
        [id(), random.pick([1, -1, MOST, 'x'])],
      ],
      () => [0, id(), '$/call', [id(), [hostileValue(random)], ...random.pick([[], [method()], [7]])]],
      () => [random.below(5), hostileValue(random)],
      () => [random.u32() & 0x7f, id()],
      () => [random.pick([3, 4, 7, 100, -1, 'x']), id(), method(), []],
      () => Array.from({ length: random.below(16) }, () => random.below(4)),
      () => hostileValue(random),
    ])(),
  );
}

/**
 * Returns a message in which one value is replaced, cut or extended. The value may be at any depth, because a
 * decoder may check less inside a message than at its beginning.
 */
export function mutateMessage(random, bytes) {
  const places = m.spans(bytes);
  if (places.length === 0) return random.bytes(bytes.length);
  const place = random.pick(places);
  const around = (replacement) =>
    Buffer.concat([bytes.subarray(0, place.start), replacement, bytes.subarray(place.end)]);
  const copy = Buffer.from(bytes);
  switch (random.below(7)) {
    case 0:
      copy[place.start] = random.u32(); // The value now has another type.
      return copy;
    case 1:
      copy[place.start + random.below(place.head)] ^= 1 << random.below(8); // This usually changes a length.
      return copy;
    case 2:
      return around(Buffer.alloc(0));
    case 3: {
      const other = random.pick(places);
      return around(bytes.subarray(other.start, other.end));
    }
    case 4:
      return Buffer.concat([bytes, bytes]);
    default:
      return around(hostileValue(random));
  }
}
