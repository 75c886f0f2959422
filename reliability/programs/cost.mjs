// Measures how much one message can cost its receiver. For each kind of value, this program finds the largest
// message that the limits allow. Then it measures how much memory the values of this message hold, and how
// much processor time the receiver uses to read them. The table of SECURITY.md comes from this program.
import { PassThrough } from 'node:stream';
import { serve } from '@pipework/core/plugin';
import { within } from '../lib/bounded.mjs';
import { collidingBigint, collidingId } from '../lib/colliding.mjs';
import * as m from '../lib/msgpack.mjs';
import { rawHost } from '../lib/raw-peer.mjs';
import { heldNow, mebibytes } from '../lib/watch.mjs';

export const help = 'how much memory and time one message can cost its receiver, for each kind of value';
export const defaults = { only: '', most: 16, ms: 1_000 };

const MiB = 2 ** 20;
/**
 * The limits for the cost of one message. In memory, the values of a message may take `TIMES` times the
 * message's length. This limit is at least `FLOOR` bytes. The limit of processor time is the option `ms`, one
 * second by default.
 */
const FLOOR = 64 * MiB;
const TIMES = 10;

const hex = (text) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const u32 = (value) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]);
/**
 * Returns a function that makes an array of `count` items. `one` returns the bytes of the item at an index.
 */
const list = (one) => (count) => {
  const unit = one(0);
  const all = Buffer.allocUnsafe(5 + unit.length * count);
  let at = m.array32(count).copy(all);
  if (one.length === 0) return Buffer.concat([all.subarray(0, 5), Buffer.alloc(unit.length * count, unit)]);
  for (let index = 0; index < count; index++) at += one(index).copy(all, at);
  return all.subarray(0, at);
};
const text = (value) => m.encode(value);
const marked = (letter, ...values) =>
  Buffer.concat([Buffer.from([0x91 + values.length]), m.mark(letter), ...values]);
const key6 = (index) => Buffer.concat([hex('a6'), Buffer.from(index.toString(36).padStart(6, '_'))]);

/** For each kind of value, a function that makes a value with `count` items. */
export const kinds = {
  nil: list(() => hex('c0')),
  'small integers': list(() => hex('05')),
  'float64': list((index) => { const bytes = Buffer.alloc(9, 0xcb); bytes.writeDoubleBE(index + 0.5, 1); return bytes; }),
  '64-bit integers': list(() => hex('cf ffffffffffffffff')),
  'texts of one character': list(() => hex('a1 78')),
  'different texts of six characters': list(key6),
  'texts of one character that is not ASCII': list(() => hex('a3 e282ac')),
  'empty arrays': list(() => hex('90')),
  'arrays of one element': list(() => hex('91 01')),
  'arrays of two integers': list(() => hex('92 01 02')),
  'empty maps': list(() => hex('80')),
  'maps of one key': list(() => hex('81 a1 61 01')),
  'maps of one key, all different': list((index) => Buffer.concat([hex('81'), key6(index), hex('01')])),
  'one map of different keys': (count) => Buffer.concat([m.map32(count), list((index) => Buffer.concat([key6(index), hex('01')]))(count).subarray(5)]),
  'one map of integer keys': (count) => Buffer.concat([m.map32(count), list((index) => Buffer.concat([hex('aa'), Buffer.from(String(1e9 + ((index * 7919) % 3e9))), hex('01')]))(count).subarray(5)]),
  'maps with a key __proto__': list(() => Buffer.concat([hex('81 a9'), Buffer.from('__proto__'), hex('01')])),
  'maps in maps, 100 deep': list(() => Buffer.concat([Buffer.alloc(3 * 100, hex('81 a1 61')), hex('c0')])),
  'maps with the key 0': list(() => hex('81 00 01')),
  'maps with the key 5': list(() => hex('81 05 01')),
  'maps with the key 6': list(() => hex('81 06 01')),
  'maps with the keys 0 and 8': list(() => hex('82 00 01 08 01')),
  'maps with the keys 0, 1 and 11': list(() => hex('83 00 01 01 01 0b 01')),
  'maps with the key 127': list(() => hex('81 7f 01')),
  'maps with the key 1020': list(() => hex('81 a4 31303230 01')),
  'maps with the keys 1020, 2500 and 3300': list(() => hex('83 cd03fc 01 cd09c4 01 cd0ce4 01')),
  'one map with every third index as a key': (count) => Buffer.concat([m.map32(count), list((index) => Buffer.concat([hex('ce'), u32(index * 3), hex('01')]))(count).subarray(5)]),
  'one map with every eighteenth index as a key': (count) => Buffer.concat([m.map32(count), list((index) => Buffer.concat([hex('ce'), u32(index * 18), hex('01')]))(count).subarray(5)]),
  'maps of one key, all different, and one with the key 1020': (count) => Buffer.concat([hex('92 81 a4 31303230 01'), list((index) => Buffer.concat([hex('81'), key6(index), hex('01')]))(count)]),
  'maps of one key, all different, and one with the key __proto__': (count) => Buffer.concat([hex('92 81 a9'), Buffer.from('__proto__'), hex('01'), list((index) => Buffer.concat([hex('81'), key6(index), hex('01')]))(count)]),
  'undefined': list(() => hex('d4 00 00')),
  'dates': list(() => hex('d6 ff 00000001')),
  'empty bins': list(() => hex('c4 00')),
  'bins of 100 bytes': list(() => Buffer.concat([hex('c4 64'), Buffer.alloc(100)])),
  'bins of 16 KiB': list(() => Buffer.concat([hex('c5 4000'), Buffer.alloc(16_384)])),
  'empty Maps': list(() => marked('M')),
  'Maps of one': list(() => marked('M', hex('01'), hex('02'))),
  'empty Sets': list(() => marked('S')),
  'one Set': (count) => Buffer.concat([m.array32(count + 1), m.mark('S'), list((index) => Buffer.concat([hex('ce'), u32(index)]))(count).subarray(5)]),
  'one Set of bigints that V8 cannot tell apart': (count) => Buffer.concat([m.array32(count + 1), m.mark('S'), list(collidingBigint)(count).subarray(5)]),
  'one Map of bigints that V8 cannot tell apart': (count) => Buffer.concat([m.array32(2 * count + 1), m.mark('M'), list((index) => Buffer.concat([collidingBigint(index), hex('01')]))(count).subarray(5)]),
  'Sets of 250 bigints that V8 cannot tell apart': (count) => Buffer.concat([m.array32(count), ...Array.from({ length: count }, (_, set) => Buffer.concat([hex('dc 00fb'), m.mark('S'), list((index) => collidingBigint(set * 250 + index))(250).subarray(5)]))]),
  'bigints that numbers could hold': list(() => marked('b', hex('05'))),
  'bigints of 10 bytes': list(() => hex('c7 0b 50 4e 01020304050607080900')),
  'one bigint': (count) => m.bigint(Buffer.alloc(count, 0x7f)),
  'invalid dates': list(() => marked('D')),
  'regular expressions': list(() => marked('R', hex('a1 61'), hex('a0'))),
  'different regular expressions': list((index) => marked('R', key6(index), hex('a0'))),
  'one regular expression': (count) => marked('R', text('a'.repeat(count)), hex('a0')),
  'one regular expression of many character classes': (count) => marked('R', text('\\p{L}'.repeat(count)), hex('a1 75')),
  'one regular expression of many character classes, case-insensitive': (count) => marked('R', text('[\\p{L}\\p{Nd}]'.repeat(count)), hex('a2 6975')),
  'regular expressions of one character class': list(() => marked('R', hex('a5 5c707b4c7d'), hex('a2 6975'))),
  'URLs': list(() => marked('U', text('http://a'))),
  'one URL': (count) => marked('U', text(`http://a/${'b'.repeat(count)}`)),
  'URLs with a query': list(() => marked('U', text('http://a.example/?b=c&d=e#f'))),
  'empty typed arrays': list(() => marked('T', text('Int8Array'), hex('c4 00'))),
  'errors': list(() => marked('E', hex('80'))),
  'errors with a name and a text': list(() => marked('E', Buffer.concat([hex('82'), text('name'), text('X'), text('message'), text('y')]))),
  'errors with a cause': list(() => marked('E', Buffer.concat([hex('81'), text('cause'), hex('81'), text('cause'), hex('80')]))),
  'AggregateErrors': list(() => marked('E', Buffer.concat([hex('82'), text('type'), text('AggregateError'), text('errors'), hex('93 80 80 80')]))),
  'errors with a field 1020': list(() => marked('E', Buffer.concat([hex('81'), text('data'), hex('81 cd03fc 01')]))),
  'an error of control characters': (count) => marked('E', Buffer.concat([hex('83'), ...['message', 'stack', 'name'].flatMap((key) => [text(key), m.str32(count), Buffer.alloc(count, 1)])])),
  'an error of colours': (count) => marked('E', Buffer.concat([hex('82'), ...['message', 'stack'].flatMap((key) => [text(key), m.str32(4 * count), Buffer.alloc(4 * count, '\u001b[1m')])])),
  'rows of a table with the key 0': (count) => Buffer.concat([m.array32(count + 2), m.mark('t'), hex('91 a1 30'), Buffer.alloc(count, 1)]),
  'rows of a table with the key 1020': (count) => Buffer.concat([m.array32(count + 2), m.mark('t'), hex('91 a4 31303230'), Buffer.alloc(count, 1)]),
  'rows of columns with the key 1020': (count) => Buffer.concat([hex('94'), m.mark('C'), m.encode(count), hex('91 a4 31303230'), hex('92 01'), m.bin32(count), Buffer.alloc(count, 1)]),
  'records with the key 1020 in a column': (count) => Buffer.concat([hex('94'), m.mark('C'), m.encode(count), hex('91 a1 61'), hex('93 05 91 a4 31303230'), hex('92 01'), m.bin32(count), Buffer.alloc(count, 1)]),
  'rows of a table of one key': (count) => Buffer.concat([m.array32(count + 2), m.mark('t'), hex('91 a1 61'), Buffer.alloc(count, 1)]),
  'rows of columns of one key': (count) => Buffer.concat([hex('94'), m.mark('C'), m.encode(count), hex('91 a1 61'), hex('92 01'), m.bin32(count), Buffer.alloc(count, 1)]),
  'rows of columns of eight keys': (count) => Buffer.concat([Buffer.from([0x9b]), m.mark('C'), m.encode(count), hex('98 a161 a162 a163 a164 a165 a166 a167 a168'), ...Array.from({ length: 8 }, () => Buffer.concat([hex('92 03'), m.bin32(count), Buffer.alloc(count), hex('')]))].map((part) => part[0] === 0x92 && part[1] === 3 ? Buffer.concat([hex('93 03'), part.subarray(2), hex('c0')]) : part)),
  'empty lists in a column': (count) => Buffer.concat([hex('94'), m.mark('C'), m.encode(count), hex('91 a1 61'), hex('93 04'), m.bin32(count), Buffer.alloc(count), hex('91 00')]),
  'references to functions': list((index) => m.reference('f', index + 1)),
  'functions whose ids V8 cannot tell apart': list((index) => m.reference('f', collidingId(index))),
  'references to objects': list((index) => m.reference('o', index + 1)),
  'one function over and over': list(() => m.reference('f', 1)),
  'signals': list((index) => m.reference('s', index + 1)),
  'streams': list((index) => m.reference('i', index + 1)),
  'web streams': list((index) => m.reference('w', index + 1)),
  'Node streams': list((index) => m.reference('r', index + 1)),
  'one text': (count) => Buffer.concat([m.str32(count), Buffer.alloc(count, 0x78)]),
  'one text beyond ASCII': (count) => Buffer.concat([m.str32(count * 3), Buffer.alloc(count * 3, hex('e282ac'))]),
  'one bin': (count) => Buffer.concat([m.bin32(count), Buffer.alloc(count)]),
}; // prettier-ignore

const env = {
  OTTO_PLUGIN_MAGIC_COOKIE: '11aab7ff21cb9ff7b0e9975d53f17a8dab571eac9b5ff0191730046698f07b7f',
  PIPEWORK_FDS: '3,4',
  PIPEWORK_PROTOCOL_VERSIONS: '1',
  PIPEWORK_CAPABILITIES: 'cancel,refs,errors,types,tables',
  PIPEWORK_GRACE_MS: '100',
};

/**
 * Sends one value to a real serve(). Resolves to the value's cost in memory and processor time. If serve()
 * refuses the value, the result has the error's code (`refused`) in place of the memory.
 */
export async function costOf(value) {
  const [down, up] = [new PassThrough(), new PassThrough()];
  let held;
  const hold = (taken) => {
    const { user, system } = process.cpuUsage(before.cpu);
    held = { bytes: value.length, ms: (user + system) / 1000, peak: heldSince(before), held: 0 };
    held.held = settled() - before.held;
    return taken === undefined;
  };
  const serving = serve({
    plugins: { worker: () => ({ hold }) },
    transport: { readable: down, writable: up, env },
  });
  serving.catch(() => {});
  const host = await within(10_000, 'the line', rawHost({ readable: up, writable: down }));
  await host.dispense(7);
  const answered = new Promise((resolve) => {
    host.onMessage = (id, message) => id === 7 && resolve(message[2]);
    host.onFrame = (frame) => {
      if (frame.id === 7 && frame.flags & 8) resolve('reset');
      return true;
    };
    host.onEnd = () => resolve('ended');
  });
  const message = Buffer.concat([m.fixarray(4), hex('00 00'), m.encode('Plugin.hold'), m.fixarray(1), value]);
  // The message is made before the measurement, so that only its sending and reading count.
  const before = { held: settled(), cpu: process.cpuUsage() };
  host.message(7, message);
  const error = await within(120_000, 'an answer', answered);
  const { user, system } = process.cpuUsage(before.cpu);
  down.end();
  await within(10_000, 'the end', serving).catch(() => {});
  if (held !== undefined) return held;
  const code = error instanceof Map ? error.get('code') : error;
  return { refused: String(code), bytes: value.length, ms: (user + system) / 1000 };
}

/**
 * Returns the memory in use after several collections, because some garbage is freed only by a later
 * collection.
 */
function settled() {
  for (let times = 0; times < 3; times++) heldNow();
  return heldNow();
}

function heldSince({ held }) {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external - held;
}

/**
 * Searches for the largest message of a kind that is accepted. Quadruples the number of items until a message
 * is refused. Then halves the gap between the accepted and the refused number three times, so the result is
 * only close to the largest. Returns the accepted number of items and the message's cost; undefined if the
 * smallest message is refused.
 */
export async function mostOf(make, mostBytes) {
  let taken;
  let refused = Infinity;
  let count = 64;
  for (let narrowing = 0; narrowing < 4 && count <= 2 ** 24;) {
    const value = make(count);
    const cost = value.length > mostBytes ? { refused: 'too long' } : await costOf(value);
    if (cost.refused === undefined) taken = { ...cost, count };
    else refused = count;
    if (taken === undefined) return undefined;
    if (refused < Infinity) narrowing++;
    count = refused < Infinity ? Math.floor((taken.count + refused) / 2) : count * 4;
  }
  return taken;
}

export async function run(options, say = () => {}) {
  const { only, most, ms: longest } = { ...defaults, ...options };
  const findings = [];
  const figures = {};
  for (const [name, make] of Object.entries(kinds)) {
    if (only && !name.includes(only)) continue;
    const cost = await mostOf(make, most * MiB);
    if (cost === undefined) {
      findings.push(`${name}: not even the smallest message was accepted`);
      continue;
    }
    const { count, bytes, held, ms } = cost;
    const line = `${count} in ${mebibytes(bytes)} MiB hold ${mebibytes(held)} MiB (${(held / bytes).toFixed(1)} times) after ${Math.round(ms)} ms`;
    figures[name] = line;
    say(`${name}: ${line}`);
    if (held > Math.max(FLOOR, TIMES * bytes)) findings.push(`${name}: ${line}`);
    if (ms > longest) findings.push(`${name}: took ${Math.round(ms)} ms`);
  }
  return { findings, figures };
}
