// The attacks of a hostile plugin on a host that provides services, and the plugin's false descriptions of
// itself. Some attacks are fixed and have names, and some are random.
import { data, FIN, RST, SYN, windowUpdate } from './frames.mjs';
import { hostileValue, lyingError } from './hostile-values.mjs';
import * as m from './msgpack.mjs';

const MiB = 2 ** 20;
const MOST = 0xffff_ffff;

/**
 * Opens the stream `id`, and sends `brokerId` as its first bytes. The broker id 0 means that the stream asks
 * for services. Returns a function that sends requests on this stream, in order.
 */
function dial({ peer, hear }, id, brokerId, onAnswer = () => {}) {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(brokerId);
  peer.open(id, head);
  hear.set(id, onAnswer);
  return (...requests) => peer.message(id, Buffer.concat(requests.map(([msgid, method, params]) => m.encode([0, msgid, method, params]))));
} // prettier-ignore

/**
 * Sends the request `Host.Dispense` as often as `attack.asks` says, 1,000 at a time, so that the requests fit
 * the window. After the last answer, answers the host's own call with `'asked'`.
 */
function askWithoutEnd(attack, onAnswer = () => {}) {
  let asked = 0;
  let answered = 0;
  const more = () => ask(...Array.from({ length: 1_000 }, () => [asked++, 'Host.Dispense', ['files']]));
  const ask = dial(attack, 2, 0, (answer) => {
    onAnswer(answer);
    if (++answered < asked) return;
    if (answered < attack.asks) more();
    else attack.peer.message(attack.id, [1, attack.msgid, null, 'asked']);
  });
  more();
}

/** The attacks of a plugin on a host that provides services. */
export const onServices = {
  'asks for thousands of services and opens none': (attack) => askWithoutEnd(attack),
  'asks for thousands of services and opens each': (attack) => {
    let stream = 4;
    askWithoutEnd(attack, ({ msgid, error, result }) => {
      if (error === null && msgid < 8_000) dial(attack, (stream += 2), result)([0, 'Plugin.read', ['x']]);
    });
  },
  'asks for a service that is not provided': (attack) => {
    const names = ['constructor', '__proto__', 'then', 'toString', '', 'x'.repeat(100_000), null, 7, ['files'], { name: 'files' }];
    const ask = dial(attack, 2, 0, ({ msgid }) => msgid === 99 && attack.peer.message(attack.id, [1, attack.msgid, null, 'asked']));
    ask(...names.map((name, n) => [n, 'Host.Dispense', [name]]), ...['Control.Quit', '__proto__', 'Host.constructor'].map((method, n) => [50 + n, method, []]), [99, 'Host.Dispense', []]);
  },
  'calls methods that the service does not have': (attack) => {
    const ask = dial(attack, 2, 0, ({ result }) => {
      const call = dial(attack, 4, result, ({ msgid }) => msgid === 9 && attack.peer.message(attack.id, [1, attack.msgid, null, 'called']));
      const names = ['constructor', '__proto__', 'then', 'toString', 'hidden', '_', '', 'read.read', 'dispose'];
      call(...names.map((name, n) => [n, `Plugin.${name}`, []]), [9, '$/describe', []]);
    });
    ask([0, 'Host.Dispense', ['files']]);
  },
  'opens the stream of services ten thousand times': (attack) => {
    for (let n = 1; n <= 10_000; n++) dial(attack, 2 * n, 0);
    attack.peer.message(attack.id, [1, attack.msgid, null, 'opened']);
  },
  'opens streams of services and finishes them immediately': ({ peer, id, msgid }) => {
    for (let n = 1; n <= 5_000; n++) peer.send(data(2 * n, [0, 0, 0, 0], SYN | FIN));
    peer.message(id, [1, msgid, null, 'opened']);
  },
  'dials a thousand ids that were never given out': (attack) => {
    for (let n = 1; n <= 1_000; n++) dial(attack, 2 * n, 1_000 + n)([0, 'Plugin.read', ['x']]);
    attack.peer.message(attack.id, [1, attack.msgid, null, 'dialled']);
  },
  'runs more calls of a service than may run': (attack) => {
    const ask = dial(attack, 2, 0, ({ result }) => {
      const call = dial(attack, 4, result, ({ error }) => error !== null && attack.peer.message(attack.id, [1, attack.msgid, null, 'called']));
      for (let n = 0; n < 12_000; n += 1_000) call(...Array.from({ length: 1_000 }, (_, k) => [n + k, 'Plugin.hang', []]));
    });
    ask([0, 'Host.Dispense', ['files']]);
  },
}; // prettier-ignore

/** False descriptions of a plugin and of its methods, by name. */
const about = (more) => ({ runtime: 'x', protocolVersions: [1], plugins: ['worker'], ...more });
export const descriptions = {
  'wrong types throughout': [{ runtime: 7, protocolVersions: 'one', plugins: [1, null, ['x'], 'worker'], name: [], version: {} }, { echo: { doc: 1, input: 'x', output: m.nil, errors: [1] }, b: [1], c: null }],
  'a list for everything': [[1, 2], [3]],
  'a hundred thousand names': [about({ plugins: Array.from({ length: 100_000 }, (_, n) => `plugin ${n}`) }), {}],
  'the same name ten thousand times': [about({ plugins: Array.from({ length: 10_000 }, () => 'worker') }), {}],
  'names of prototypes': [about({ plugins: ['__proto__', 'constructor', 'then', 'toString'] }), m.pairs([['__proto__', { doc: 'polluted' }], ['constructor', { output: { prototype: { polluted: 1 } } }]])],
  'a name of eight megabytes': [about({ name: 'x'.repeat(8 * MiB) }), {}],
  'a schema a million deep': [about(), Buffer.concat([m.pairs([['echo', 0]]).subarray(0, -1), Buffer.alloc(1_000_000, 0x91), m.nil])],
  'a hundred thousand methods': [about(), m.pairs(Array.from({ length: 100_000 }, (_, n) => [`m${n}`, { doc: 'x' }]))],
  'functions and streams for schemas': [about(), { echo: { input: [m.reference('f', 1), m.reference('i', 2)], output: m.reference('o', 3), errors: { E: m.reference('s', 4) } } }],
  'a thousand names with a megabyte of documentation each': [about({ plugins: Array.from({ length: 1_000 }, (_, n) => `plugin ${n}`) }), { echo: { doc: 'x'.repeat(MiB) } }],
  'texts with terminal escape sequences': [about({ name: '\u001b]0;name\u0007', runtime: '\u009b2J' }), { '\u001b[2J': { doc: '\u202e\r' } }],
  'a failure for an answer': [undefined, undefined],
}; // prettier-ignore

const names = ['files', 'nothing', '__proto__', 'constructor', 'then', '', '\u0000', 'x'.repeat(70_000)];
const methods = ['Host.Dispense', 'Control.Describe', '$/describe', 'Dispenser.Dispense', 'Host.constructor', 'Plugin.read', 'Plugin.hang', 'Plugin.count', 'Plugin.__proto__']; // prettier-ignore
const words = ['$/cancel', '$/release', '$/retain', '$/drop', '$/abort'];

/**
 * Returns an invalid description of a plugin or of methods. The description is wrong in one place or
 * everywhere.
 */
function lyingDescription(random) {
  const any = () => hostileValue(random);
  const method = () => m.pairs([['doc', any()], ['input', any()], ['output', any()], ['items', any()], ['errors', any()]].slice(random.below(5))); // prettier-ignore
  return random.pick([
    any,
    () => m.pairs([['runtime', any()], ['protocolVersions', any()], ['plugins', any()], ['name', any()]]),
    () => m.pairs([['runtime', 'x'], ['plugins', Array.from({ length: random.pick([1, 5, 1_001]) }, () => random.pick(['worker', ...names.slice(0, 7)]))]]),
    () => m.pairs(['echo', '__proto__', 'then'].map((name) => [name, method()])),
    () => m.pairs([['echo', { input: [any()], errors: m.pairs([['__proto__', any()]]) }]]),
  ])(); // prettier-ignore
}

/**
 * Returns one request, notification or answer about services or descriptions. Most ids are small, so that
 * many belong to running calls.
 */
function askingMessage(random) {
  const id = () => random.pick([0, 1, 2, 3, 4, 5, -1, MOST, 'x']);
  const params = () => random.pick([() => [random.pick(names)], () => [], () => [hostileValue(random)], () => hostileValue(random)])(); // prettier-ignore
  return m.encode(
    random.pick([
      () => [0, id(), random.pick(methods), params()],
      () => [0, id(), 'Host.Dispense', ['files']],
      () => [2, random.pick([...words, ...methods]), params()],
      () => [1, id(), m.nil, lyingDescription(random)],
      () => [1, id(), m.nil, random.pick([0, 1, 2, 3, 1.5, -1, MOST, MOST + 1, 'x', m.nil])],
      () => [1, id(), lyingError(random), m.nil],
      () => [0, id(), '$/call', [random.below(4), params()]],
    ])(),
  );
}

/**
 * Returns the frames of one attack about services or descriptions. The messages are sent on an existing
 * stream or on a new one. A new stream begins with the broker id of services, with another broker id, with a
 * part of a broker id, or with none. `side` is 0 if the attacker's stream ids are even, and 1 if they are
 * odd.
 */
export function servicesLie(random, ids, side) {
  const messages = () => Buffer.concat(Array.from({ length: random.pick([1, 1, 2, 30]) }, () => askingMessage(random))); // prettier-ignore
  if (random.chance(0.4)) return data(random.pick(ids), messages());
  const stream = 2 * random.between(500, 100_000) + side;
  const head = Buffer.alloc(4);
  head.writeUInt32BE(random.pick([0, 0, 0, 1, 2, 3, 4, 5, 77, MOST]));
  const opened = Buffer.concat([head.subarray(0, random.pick([4, 4, 4, 4, 2, 0])), messages()]);
  const most = opened.subarray(0, random.chance(0.2) ? random.below(opened.length) : opened.length);
  const pieces = [];
  for (let at = 0; at === 0 || (at < most.length && at < 4 * 65_536); at += 65_536)
    pieces.push(data(stream, most.subarray(at, at + 65_536), at === 0 ? SYN : 0));
  const end = random.pick([[], [], [windowUpdate(stream, 0, FIN)], [windowUpdate(stream, 0, RST)]]);
  return Buffer.concat([...pieces, ...end]);
}
