// Runs each known attack by name. The attacker, which does not use pipework, is a plugin that answers its
// host, or a host that calls its plugin. For each attack, this program checks how the call ended, how much
// memory the victim used, and that the victim still serves the next call.
import { isPipeworkError } from '@pipework/core';
import { PassThrough } from 'node:stream';
import { inspect } from 'node:util';
import { serve } from '@pipework/core/plugin';
import { within } from '../lib/bounded.mjs';
import { collidingBigint, collidingId } from '../lib/colliding.mjs';
import { RST, DATA, data, frame, goAway, ping, windowUpdate, INITIAL_WINDOW, SYN } from '../lib/frames.mjs';
import { isOurBug } from '../lib/exercise.mjs';
import { descriptions, onServices } from '../lib/hostile-services.mjs';
import { lyingError } from '../lib/hostile-values.mjs';
import { clientInMemory } from '../lib/memory-pair.mjs';
import * as m from '../lib/msgpack.mjs';
import { randomOf } from '../lib/random.mjs';
import { FULL, rawHost, rawPlugin } from '../lib/raw-peer.mjs';
import { heldNow, mebibytes, watch } from '../lib/watch.mjs';
import { worker } from '../lib/worker.mjs';

export const help =
  'each known attack by name, in frames, MessagePack and RPC, towards the host and the plugin';
export const defaults = { towards: 'both', only: '', asks: 5_000 };

const MiB = 2 ** 20;
const MOST = 0xffff_ffff;
/**
 * The most memory that a victim may use at its peak for a refused message. The victim may hold twice the
 * bytes that have arrived, and garbage that was not collected yet. The largest attack sends 8 MiB. Most
 * attacks stay below 64 MiB. On a busy machine, where garbage is collected late, one attack used 119 MiB.
 */
const BOUND = 192 * MiB;

const levels = (open, count) => Buffer.concat([Buffer.alloc(count, open), m.nil]);
const mapLevels = (count) => Buffer.concat([Buffer.alloc(count * 2, Buffer.from([0x81, 0x01])), m.nil]);
const filled = (head, byte, count) => Buffer.concat([head, Buffer.alloc(count, byte)]);
const manyReferences = (count) => {
  const all = filled(m.array32(count), m.reference('f', 1), 8 * count);
  for (let n = 0; n < count; n++) all.writeUInt32BE(n + 1, 5 + 8 * n + 4);
  return all;
};
const random = randomOf(8);

/** Values that the attacker sends in place of the result or the params of an honest call. */
export const values = {
  'an array of 2^32 - 1': () => m.array32(MOST),
  'a map of 2^32 - 1': () => m.map32(MOST),
  'a string of 2^32 - 1': () => m.str32(MOST),
  'the first 8 MiB of a string of 4 GiB': () => filled(m.str32(MOST), 0x61, 8 * MiB),
  'bytes of 2^32 - 1': () => m.bin32(MOST),
  'an extension of 2^32 - 1': () => m.ext32(MOST, 5),
  'the header of 127 MiB of bytes, without the bytes': () => m.bin32(127 * MiB),
  'arrays a million deep': () => levels(0x91, 1_000_000),
  'maps a million deep': () => mapLevels(1_000_000),
  'arrays 127 deep': () => levels(0x91, 127),
  'eight million empty maps': () => filled(m.array32(8 * MiB), 0x80, 8 * MiB),
  'the byte that MessagePack never uses': () => Buffer.from([0xc1]),
  'text that is no UTF-8': () => Buffer.from([0xa4, 0xff, 0xfe, 0xc0, 0x80]),
  'a record extension with code in its field names': () =>
    Buffer.concat([m.fixext1(0x72, 0x40), m.encode(['x;globalThis.polluted=1;//', '"+(globalThis.polluted=1)+"']), m.encode(1), m.encode(2)]),
  'an unknown extension': () => m.ext8(77, Buffer.from('what')),
  'a timestamp of three bytes': () => m.ext8(-1, Buffer.alloc(3)),
  'a timestamp beyond all dates': () => m.ext8(-1, Buffer.alloc(12, 0x7f)),
  '__proto__ as a key': () => m.pairs([['__proto__', { polluted: 1 }]]),
  '__proto__ as a key, deeper': () => m.pairs([['a', [m.pairs([['__proto__', m.pairs([['polluted', 1]])]])]]]),
  'constructor.prototype as keys': () => m.pairs([['constructor', { prototype: { polluted: 1 } }]]),
  'a map with the keys then and catch': () => m.pairs([['then', 'x'], ['catch', 1]]),
  'a map with maps as keys': () => m.pairs([[m.pairs([['k', 1]]), 1], [[1, [2]], 2], [m.nil, 3]]),
  'a Map of odd length': () => m.encode([m.mark('M'), 1, 2, 3]),
  'a Map whose keys are marks': () => m.encode([m.mark('M'), m.mark('M'), 1]),
  'an invalid regular expression': () => m.encode([m.mark('R'), '(', 'gg']),
  'an invalid URL': () => m.encode([m.mark('U'), 'http://[']),
  'a typed array of an unknown type': () => m.encode([m.mark('T'), 'constructor', new Uint8Array(8)]),
  'a Float64Array of seven bytes': () => m.encode([m.mark('T'), 'Float64Array', new Uint8Array(7)]),
  'a table with __proto__ as a column': () => m.encode([m.mark('t'), ['a', '__proto__'], 1, { polluted: 1 }]),
  'a table without columns': () => m.encode([m.mark('t'), [], 1, 2]),
  'a table whose last row is short': () => m.encode([m.mark('t'), ['a', 'b'], 1, 2, 3]),
  'columns of 2^32 - 1 rows': () => m.encode([m.mark('C'), MOST, ['a'], [1, new Uint8Array(8)]]),
  'columns of 2^32 - 1 rows that have one value': () => m.encode([m.mark('C'), MOST, ['a'], [0, 1]]),
  'a column of lists with 2^32 - 1 items each': () => m.encode([m.mark('C'), 2, ['a'], [4, new Uint8Array(8).fill(255), [1, new Uint8Array(8)]]]),
  'a column of texts with wrong lengths': () => m.encode([m.mark('C'), 2, ['a'], [2, new Uint8Array(8).fill(255), Buffer.concat([m.bin32(2), Buffer.from('ab')])]]),
  'a column of numbers with 7 bytes for 2 rows': () => m.encode([m.mark('C'), 2, ['a'], [1, new Uint8Array(7)]]),
  'a column whose indexes are beyond its list of values': () => m.encode([m.mark('C'), 2, ['a'], [3, new Uint8Array(2).fill(255), m.nil]]),
  'a column that repeats a megabyte of text four million times': () => m.encode([m.mark('C'), 4 * MiB, ['a'], [3, new Uint8Array(4 * MiB), 'x'.repeat(MiB)]]),
  'columns of eight million rows, with one byte a row': () => m.encode([m.mark('C'), 8 * MiB, ['a'], [1, new Uint8Array(8 * MiB)]]),
  'columns with __proto__ as a key': () => m.encode([m.mark('C'), 1, ['__proto__'], [0, { polluted: 1 }]]),
  'columns of records, nested a hundred deep': () => {
    let column = [1, new Uint8Array(100_000)];
    for (let level = 0; level < 100; level++) column = [5, ['a'], column];
    return m.encode([m.mark('C'), 100_000, ['a'], column]);
  },
  'a column whose values are marks of columns': () => m.encode([m.mark('C'), 2, ['a'], [0, m.mark('C'), m.mark('C')]]),
  'a mark with an unknown letter': () => m.encode([m.mark('?'), 1]),
  'an array whose last element is a mark': () => m.encode([1, m.mark('M')]),
  'a bigint of a megabyte': () => m.bigint(Buffer.alloc(MiB, 0x7f)),
  'a function that the receiver never gave out': () => m.reference('f', 77),
  'an object that the receiver never gave out': () => m.reference('o', MOST),
  'a signal that the receiver never gave out': () => m.reference('s', 77),
  'the signal of a call, at a place where no signal is allowed': () => m.encode([[m.reference('c', 0)]]),
  'a reference that the receiver never gave out': () => m.reference('y', 77),
  'a reference of an unknown kind': () => m.reference('?', 1),
  'a thousand streams that are not accepted': () => m.encode(Array.from({ length: 1_000 }, (_, n) => m.reference('i', n + 1_000))),
  'functions under names that tools call': () =>
    m.pairs(['toJSON', 'toString', 'valueOf', 'inspect', 'asymmetricMatch', 'then'].map((name, n) => [name, m.reference('f', n + 1)])),
  'a Map entry named toJSON that is a function': () => m.encode([m.mark('M'), 'toJSON', m.reference('f', 1)]),
  'a table row with a function named toString': () => m.encode([m.mark('t'), ['toString'], m.reference('f', 1)]),
  'an error with a function named toJSON': () => m.encode([m.mark('E'), m.pairs([['data', m.pairs([['toJSON', m.reference('f', 1)]])]])]),
  'one id as a function, a signal and an object': () => m.encode([m.reference('f', 9), m.reference('s', 9), m.reference('o', 9)]),
  'a million references': () => manyReferences(MiB),
  'a million errors': () => filled(m.array32(MiB), Buffer.concat([Buffer.from([0x92]), m.mark('E'), Buffer.from([0x80])]), 5 * MiB),
  'a million empty Maps': () => filled(m.array32(MiB), Buffer.concat([Buffer.from([0x91]), m.mark('M')]), 4 * MiB),
  'four million empty bins': () => filled(m.array32(4 * MiB), Buffer.from([0xc4, 0]), 8 * MiB),
  'a regular expression of 200,000 character classes': () => m.encode([m.mark('R'), '\\p{L}'.repeat(200_000), 'u']),
  'a regular expression that repeats the class RGI_Emoji a thousand times': () => m.encode([m.mark('R'), '\\p{RGI_Emoji}'.repeat(1_000), 'v']),
  'fifty thousand maps with the key 1020': () => filled(m.array32(50_000), Buffer.from([0x81, 0xcd, 3, 252, 1]), 250_000),
  'a table whose key is 1020': () => filled(Buffer.concat([m.array32(50_002), m.mark('t'), m.encode(['1020'])]), 1, 50_000),
  'columns whose key is 1020': () => m.encode([m.mark('C'), 50_000, ['1020'], [1, new Uint8Array(50_000)]]),
  'errors with the field 1020': () => {
    const one = m.encode([m.mark('E'), m.pairs([['data', m.pairs([[1020, 1]])]])]);
    return filled(m.array32(2_000), one, 2_000 * one.length);
  },
  'a Set of bigints that V8 cannot tell apart': () =>
    Buffer.concat([m.array32(60_001), m.mark('S'), ...Array.from({ length: 60_000 }, (_, n) => collidingBigint(n))]),
  'a map of integers that V8 cannot tell apart, and __proto__': () =>
    Buffer.concat([m.map32(60_001), m.encode('__proto__'), m.encode(1), ...Array.from({ length: 60_000 }, (_, n) => Buffer.concat([m.encode(collidingId(n)), m.encode(1)]))]),
  'functions whose ids V8 cannot tell apart': () =>
    Buffer.concat([m.array32(60_000), ...Array.from({ length: 60_000 }, (_, n) => m.reference('f', collidingId(n)))]),
  'terminal escape sequences in an invalid regular expression': () => m.encode([m.mark('R'), '(\u001b[2J\u202e', '\u0007']),
  'terminal escape sequences in a valid regular expression': () => m.encode([m.mark('R'), '\u001b]0;x\u0007\u202e', '']),
  'terminal escape sequences in an invalid URL': () => m.encode([m.mark('U'), '\u001b[2J\u202e']),
  'terminal escape sequences in the kind of a column': () => m.encode([m.mark('C'), 1, ['a'], ['\u001b[2J\u202e']]),
  'an error whose message is a bin': () => m.encode([m.mark('E'), m.pairs([['message', Buffer.concat([m.bin32(3), Buffer.from('bin')])]])]),
  'a timestamp whose nanoseconds exceed a second': () => m.ext8(-1, Buffer.from('ffffffff0000000000000000', 'hex')),
  'a map with the same key ten times': () => m.pairs(Array.from({ length: 10 }, (_, i) => ['same', i])),
}; // prettier-ignore

/**
 * Values that are sent only to a host. An attacked plugin would echo them, and this program would need
 * quadratic time to read the echo.
 */
const large = {
  'an error of eight megabytes of control characters': () =>
    m.encode([m.mark('E'), m.pairs(['message', 'stack', 'name'].map((key) => [key, '\u0001'.repeat((8 * MiB) / 3)]))]),
  'errors of 60,000 control characters': () => {
    const one = m.encode([m.mark('E'), m.pairs([['message', '\u0001'.repeat(60_000)]])]);
    return filled(m.array32(130), one, 130 * one.length);
  },
}; // prettier-ignore

/**
 * What an attacker does in place of a right answer to a call, by name. `id` is the id of the call's stream.
 */
const conducts = {
  'answers with an id that was never used': ({ peer, id, msgid }) => peer.message(id, [1, msgid + 1_000, null, 1]),
  'answers twice': ({ peer, id, msgid }) => [1, 2].forEach((n) => peer.message(id, [1, msgid, null, n])),
  'answers with both an error and a result': ({ peer, id, msgid }) => peer.message(id, [1, msgid, 'no', 'yes']),
  'answers with an id that is text': ({ peer, id, msgid }) => peer.message(id, [1, `${msgid}`, null, 1]),
  'answers with an array of fifteen elements': ({ peer, id }) => peer.message(id, Array.from({ length: 15 }, () => 1)),
  'answers with no array': ({ peer, id }) => peer.message(id, { 1: 2 }),
  'sends a message of type 9': ({ peer, id, msgid }) => peer.message(id, [9, msgid, null, 1]),
  'calls its host on a stream on which the host serves nothing': ({ peer, id }) => peer.message(id, [0, 1, 'Plugin.echo', [1]]),
  'calls its host on the control stream': ({ peer }) => peer.message(1, [0, 1, 'Control.Quit', [true]]),
  'calls methods named constructor, __proto__ and then': ({ peer, id }) =>
    ['constructor', '__proto__', 'then', 'Plugin.__proto__', 'Plugin.constructor'].forEach((name, n) => peer.message(id, [0, n, name, []])),
  'calls a method with a name of a megabyte': ({ peer, id }) => peer.message(id, [0, 1, 'x'.repeat(MiB), [1]]),
  'sends a thousand unknown notifications': ({ peer, id }) => {
    for (let n = 0; n < 1_000; n++) peer.message(id, [2, `$/${n}`, [n]]);
  },
  'calls references that its host never gave out': ({ peer, id }) =>
    [0, 1, 77, MOST, -1, 'x', null].forEach((reference, n) => peer.message(id, [0, n, '$/call', [reference, [1], 'constructor']])),
  'releases and retains references that its host never gave out': ({ peer, id }) => {
    for (const name of ['$/release', '$/retain', '$/abort', '$/drop']) for (const n of [0, 1, 77, MOST]) peer.message(id, [2, name, [n, MOST]]);
  },
  'sends notifications about references with invalid parameters': ({ peer, id }) => {
    for (const name of ['$/release', '$/retain', '$/abort', '$/drop', '$/cancel']) for (const params of [null, [], ['x'], [1, 'x'], [[[]]], { a: 1 }]) peer.message(id, [2, name, params]);
  },
  'sends printed text in place of RPC': ({ peer, id }) => peer.send(data(id, Buffer.from('Hello, world! This is console.log.\n'))),
  'sends a frame header that claims 2 GiB': ({ peer, id }) => peer.send(frame({ type: DATA, id, length: 2 ** 31, payload: Buffer.alloc(8 * MiB) })),
  'sends more than its window allows': ({ peer, id }) => peer.send(Buffer.concat([data(id, Buffer.alloc(INITIAL_WINDOW)), data(id, Buffer.alloc(INITIAL_WINDOW))])),
  'grants a window of more than 2^32 bytes': ({ peer, id }) => peer.send(Buffer.concat([windowUpdate(id, MOST), windowUpdate(id, MOST)])),
  'opens ten thousand streams': ({ peer }) => peer.send(Buffer.concat(Array.from({ length: 10_000 }, (_, n) => windowUpdate(2 + 2 * n, 0, SYN)))),
  'opens streams whose ids V8 cannot tell apart': ({ peer }) => {
    const ids = Array.from({ length: 60_000 }, (_, n) => collidingId(n)).filter((id) => id % 2 === 0 && id > 8);
    peer.send(Buffer.concat(ids.slice(0, 4_000).map((id) => windowUpdate(id, 0, SYN))));
  },
  'opens a stream with an id of the other side': ({ peer }) => peer.send(windowUpdate(99, 0, SYN)),
  'opens a stream with 262,145 bytes in one frame': ({ peer }) => peer.send(data(2, Buffer.alloc(INITIAL_WINDOW + 1), SYN)),
  'sends a quarter of a million bytes one by one': ({ peer }) => peer.send(Buffer.concat([windowUpdate(2, 0, SYN), ...Array.from({ length: 250_000 }, () => data(2, [1]))])),
  'sends a hundred thousand empty frames': ({ peer, id }) => peer.send(Buffer.concat(Array.from({ length: 100_000 }, () => data(id, [])))),
  'pings a hundred thousand times': ({ peer }) => peer.send(Buffer.concat(Array.from({ length: 100_000 }, (_, n) => ping(n)))),
  'resets the stream of the call': ({ peer, id }) => peer.send(data(id, [], RST)),
  'resets the control stream': ({ peer }) => peer.send(data(1, [], RST)),
  'goes away with a protocol error': ({ peer }) => peer.send(goAway(1)),
  'goes away with an unknown code': ({ peer }) => peer.send(goAway(77)),
  'ends in the middle of a frame': ({ peer, exit }) => {
    peer.send(data(1, Buffer.alloc(100)).subarray(0, 50));
    exit({ code: 0, signal: null });
  },
}; // prettier-ignore

/** The number of requests that each attack on services sends. The option `asks` sets this number. */
let asks = defaults.asks;

/** The texts that a plugin writes to standard error before it answers the call. */
const prints = {
  'five lines of a slash and 65,000 digits': () => `/${'1'.repeat(65_000)}x\n`.repeat(5),
  'an escape sequence of 65,000 characters that never ends': () =>
    `\u001b[${';?'.repeat(32_500)}\0\n`.repeat(5),
  'a megabyte of the shortest JSON': () => '{}\n'.repeat(MiB / 3),
  'objects with the key 1020 beside an escape sequence': () =>
    `{"msg":"\\u0007","a":[${Array.from({ length: 5_500 }, () => '{"1020":1}').join(',')}]}\n`.repeat(5),
  'a megabyte of line feeds': () => '\n'.repeat(MiB),
  'a megabyte without a line feed': () => 'a'.repeat(MiB),
  'a megabyte of lines that begin error traces': () => 'Error: x\n/a:1\npanic: x\n'.repeat(MiB / 24),
  'an error trace of a megabyte': () => `Error: x\n${'    at f (a.js:1:1)\n'.repeat(MiB / 20)}`,
  'JSON ten thousand deep': () => `{"msg":"x","a":${'['.repeat(10_000)}${']'.repeat(10_000)}}\n`,
  'lines that look like records of the host': () =>
    'plugin exited: 0 (forged)\n[ERROR] %c%c%s forged\n{"level":"info","msg":"forged","message":"forged","pid":1,"hostname":"h","name":"n","stream":"none","plugin":"none","by":"quit"}\n',
  'terminal escape sequences': () =>
    '\u001b]0;forged\u0007\u202eforged\rforged\u009b2J\n{"msg":"\\u001b[2Jforged","a":["\\u0007"]}\n',
};
const printAndAnswer =
  (print) =>
  ({ peer, id, msgid, stderr }) => {
    stderr.write(print());
    peer.message(id, [1, msgid, null, 'printed']);
  };

/**
 * Returns a finding for each forged record: the plugin printed it, and in the host's log it looks like a
 * record of the host. Also returns a finding for each record with characters that a terminal obeys.
 */
function forgeries(records) {
  const said = records.filter((record) => JSON.stringify(record).includes('forged'));
  const isForged = ([, fields]) =>
    fields.stream !== 'stderr' ||
    fields.plugin !== 'in-memory' ||
    fields.pid !== undefined ||
    fields.by !== undefined;
  return [
    ...said.filter(isForged).map((record) => `forged in the log: ${JSON.stringify(record)}`),
    ...records
      .filter((record) => obeyed.test([record[0], ...Object.values(record[1]).flat()].join('')))
      .map((record) => `obeyed by a terminal: ${JSON.stringify(record)}`),
  ];
}

for (let n = 0; n < 12; n++) {
  const error = lyingError(random);
  conducts[`answers with a lying error (${n})`] = ({ peer, id, msgid }) =>
    peer.message(id, [1, msgid, error, null]);
}

const pristine = Object.getOwnPropertyNames(Object.prototype).length;
const isPolluted = () =>
  Object.getOwnPropertyNames(Object.prototype).length !== pristine || globalThis.polluted !== undefined;

/** The characters that a terminal must not get from the peer's errors and regular expressions. */
// oxlint-disable-next-line no-control-regex -- the pattern finds these characters
const obeyed = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
const told = (error) => (error === undefined ? 'answered' : (error.code ?? error.name));
const wrong = (error) => {
  if (error === undefined) return undefined;
  if (error.code === 'STILL_PENDING') return error.message;
  if (!(error instanceof Error)) return `rejected with ${typeof error}`;
  if (obeyed.test(inspect(error, { depth: 9, maxStringLength: 1_000 }))) return 'a terminal obeys the error';
  if (isPipeworkError(error) ? typeof error.code === 'string' : !isOurBug(error)) return undefined;
  return `rejected without a code: ${error.stack}`;
};
const outcome = (promise) => promise.then(() => undefined, (error) => error); // prettier-ignore

/** Calls a plugin that answers as `conduct` says, and then kills the plugin. */
async function towardsHost(conduct) {
  const { raw, patienceMs = 100 } = conduct;
  let exit;
  const records = [];
  const log = (message, fields) => void records.push([message, fields]);
  const logger = { trace: log, debug: log, info: log, warn: log, error: log };
  const hear = new Map();
  const services = { made: 0, disposed: 0 };
  const provide = { files: () => providedFiles(services) };
  const plugin = (end) => {
    exit = end.exit;
    let attacked = false;
    rawPlugin(end, {
      ...raw,
      answer: (asked) => {
        const { id, kind, msgid, method: error, params: result } = asked;
        if (kind === 1) hear.get(id)?.({ msgid, error, result });
        if (kind !== 0) return;
        if (attacked) asked.peer.message(id, [1, msgid, null, 'honest']);
        else conduct({ ...asked, exit, stderr: end.stderr, hear, asks });
        attacked = raw === undefined;
      },
    });
  };
  const client = clientInMemory({ plugin, config: { logger, provide } });
  const rpc = await client.client();
  const one = raw === undefined ? await rpc.dispense('worker').then((remote) => ({ remote })) : undefined;
  const uses = one === undefined ? [() => rpc.describe(), () => rpc.ping()] : [() => one.remote.echo(1), () => one.remote.echo(2)]; // prettier-ignore
  const calls = uses.map((use) => outcome(use().then((value) => void isDeeplyPlain(value))));
  // If an attack sends no answer, the call lasts for `patienceMs`. Then kill() must end the call.
  await Promise.race([Promise.all(calls), new Promise((resolve) => setTimeout(resolve, patienceMs))]);
  const killed = await outcome(within(10_000, 'kill', client.kill()));
  const errors = await Promise.all(
    calls.map((call, n) => within(10_000, `call ${n}`, call).catch((error) => error)),
  );
  const findings = [...[killed, ...errors].map(wrong).filter(Boolean), ...forgeries(records)];
  if (services.disposed < services.made) findings.push(`${services.made - services.disposed} of ${services.made} services were not disposed of`); // prettier-ignore
  return { error: errors[0], findings };
}

/** The attacked service of the host. */
function providedFiles(services) {
  services.made += 1;
  return {
    read: (path) => path,
    hang: () => new Promise(() => {}),
    [Symbol.dispose]: () => {
      services.disposed += 1;
    },
  };
}

/** Returns the conduct of a plugin that describes itself and its methods by these two values. */
function describedBy([plugin, methods]) {
  const answer = ({ peer, id, msgid, method }) => {
    const said = method === '$/describe' ? methods : plugin;
    peer.message(id, said === undefined ? [1, msgid, 'no', null] : Buffer.concat([m.fixarray(4), m.encode(1), m.encode(msgid), m.nil, Buffer.isBuffer(said) ? said : m.encode(said)])); // prettier-ignore
  };
  const raw = { capabilities: `${FULL},describe`, onDescribe: (asked) => answer(asked) };
  return Object.assign(answer, { raw, patienceMs: 5_000 });
}

/** Reads everything in a value, as a user would. */
function isDeeplyPlain(value, depth = 0) {
  if (typeof value !== 'object' || value === null) return true;
  // Serializes and prints the value, as loggers and test frameworks do.
  if (depth === 0) void [JSON.stringify(value), inspect(value), typeof value === 'object' && `${value}`];
  if ({}.polluted !== undefined) throw new TypeError('the prototype of objects was written to');
  return depth > 200 || Reflect.ownKeys(value).every((key) => isDeeplyPlain(value[key], depth + 1));
}

/**
 * Attacks a real serve(). Then makes an honest call on another stream. This call must be answered if the
 * session survives the attack. Finally, ends the pipes.
 */
async function towardsPlugin(attack) {
  const [down, up] = [new PassThrough(), new PassThrough()];
  for (const pipe of [down, up]) pipe.on('error', () => {});
  const env = {
    OTTO_PLUGIN_MAGIC_COOKIE: '11aab7ff21cb9ff7b0e9975d53f17a8dab571eac9b5ff0191730046698f07b7f',
    PIPEWORK_FDS: '3,4',
    PIPEWORK_PROTOCOL_VERSIONS: '1',
    PIPEWORK_CAPABILITIES: 'cancel,refs,errors,types',
    PIPEWORK_GRACE_MS: '100',
  };
  const serving = outcome(serve({ plugins: { worker }, transport: { readable: down, writable: up, env } }));
  const host = await within(10_000, 'the line', rawHost({ readable: up, writable: down }));
  const [victim, other] = [await host.dispense(7), await host.dispense(9)];
  const answers = new Map();
  const answered = new Promise((resolve) => {
    host.onMessage = (id, message) => {
      answers.set(id, [...(answers.get(id) ?? []), message]);
      if (id === other) resolve('alive');
    };
    host.onEnd = () => resolve('ended');
  });
  attack({ peer: host, id: victim, msgid: 1, exit: () => down.end() });
  host.message(other, [0, 1, 'Plugin.echo', ['still there?']]);
  const state = await within(10_000, 'an answer or an end', answered).catch((error) => error.code);
  down.end();
  const findings =
    state === 'STILL_PENDING' ? ['neither an answer on another stream nor the end of the session'] : [];
  const end = await within(10_000, 'serve()', serving).catch((error) => error);
  if (wrong(end)) findings.push(`serve ${wrong(end)}`);
  const first = answers.get(victim)?.[0];
  return { error: undefined, told: `${state}, ${describe(first)}`, findings };
}

const describe = (message) => {
  if (message === undefined) return 'no answer';
  const error = message[2];
  if (error === null) return 'answered';
  return (error instanceof Map ? (error.get('code') ?? error.get('message')) : String(error)).slice(0, 60);
};

const answerWith = (value) => ({ peer, id, msgid }) => peer.message(id, Buffer.concat([m.fixarray(4), m.encode(1), m.encode(msgid), m.nil, value()])); // prettier-ignore
const callWith = (value) => ({ peer, id, msgid }) => peer.message(id, Buffer.concat([m.fixarray(4), m.encode(0), m.encode(msgid), m.encode('Plugin.echo'), m.fixarray(1), value()])); // prettier-ignore
const reuse = ({ peer, id }) => [1, 2, 3].forEach((n) => peer.message(id, [0, 7, 'Plugin.hang', [n]])); // prettier-ignore
const floods = ({ peer, id }) => { for (let n = 0; n < 5_000; n++) peer.message(id, [0, n, 'Plugin.hang', [n]]); }; // prettier-ignore

export const attacks = {
  host: {
    ...Object.fromEntries(
      Object.entries({ ...values, ...large }).map(([name, value]) => [
        `answers with ${name}`,
        answerWith(value),
      ]),
    ),
    ...conducts,
    ...Object.fromEntries(
      Object.entries(prints).map(([name, print]) => [`prints ${name}`, printAndAnswer(print)]),
    ),
    ...Object.fromEntries(
      Object.entries(onServices).map(([name, attack]) => [
        name,
        Object.assign(attack, { patienceMs: 60_000 }),
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(descriptions).map(([name, said]) => [`describes itself by ${name}`, describedBy(said)]),
    ),
  },
  plugin: {
    ...Object.fromEntries(
      Object.entries(values).map(([name, value]) => [`asks with ${name}`, callWith(value)]),
    ),
    ...conducts,
    'uses an id again while its call runs': reuse,
    'makes five thousand calls of a method that never answers': floods,
  },
};
const runners = { host: towardsHost, plugin: towardsPlugin };

/** Runs one attack, and watches it. */
export async function runAttack(towards, name) {
  const before = heldNow();
  const watched = watch();
  const failed = (error) => ({ told: 'failed', findings: [error.stack] });
  const result = await runners[towards](attacks[towards][name]).catch(failed);
  const { uncaught, peakBytes } = await watched.stop();
  const grew = Math.max(
    0,
    Math.max(peakBytes, process.memoryUsage().heapUsed + process.memoryUsage().external) - before,
  );
  const findings = [...result.findings, ...uncaught];
  if (grew > BOUND) findings.push(`held ${mebibytes(grew)} MiB more`);
  if (isPolluted()) findings.push('a prototype or the global object was written to');
  return { told: result.told ?? told(result.error), grew, findings };
}

export async function run(options, say = () => {}) {
  const { towards, only, ...more } = { ...defaults, ...options };
  asks = Number(more.asks);
  const findings = [];
  const figures = {};
  for (const side of towards === 'both' ? Object.keys(attacks) : [towards]) {
    for (const name of Object.keys(attacks[side])) {
      if (only && !name.includes(only)) continue;
      const result = await runAttack(side, name);
      figures[`${side}: ${name}`] = `${result.told}, ${mebibytes(result.grew)} MiB`;
      say(`towards the ${side}: ${name}: ${result.told}, ${mebibytes(result.grew)} MiB`);
      findings.push(...result.findings.map((text) => `towards the ${side}: ${name}: ${text}`));
    }
  }
  return { findings, figures };
}
