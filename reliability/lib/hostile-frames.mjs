// Generators of invalid yamux. Each generator takes a source of random numbers, and returns the frames of one
// attack. The parameter `ids` has the ids of streams that may be open.
import * as f from './frames.mjs';

const repeat = (count, make) => Buffer.concat(Array.from({ length: count }, (_, index) => make(index)));

export function hostileFrames(random, ids) {
  const id = () => random.pick([...ids, ...ids, 0, 2, 7, 1_001, 0xffff_fffe, 0xffff_ffff]);
  const opened = () => 2 * random.between(500, 100_000) + random.below(2);
  return random.pick([
    () => f.frame({ version: random.between(1, 255), type: random.below(4), id: id() }),
    () => f.frame({ type: random.between(4, 255), id: id(), length: random.u32() }),
    () => f.frame({ type: random.below(4), flags: random.u32(), id: id(), length: random.below(64) }),
    () =>
      f.frame({
        type: f.DATA,
        id: id(),
        length: random.pick([0x7fff_ffff, 0x8000_0000, 0xffff_ffff]),
        payload: random.bytes(64),
      }),
    () =>
      f.frame({
        type: f.DATA,
        id: opened(),
        flags: f.SYN,
        length: f.INITIAL_WINDOW + 1,
        payload: random.bytes(64),
      }),
    () => f.data(opened(), random.bytes(random.below(64)), f.SYN),
    () => f.data(opened(), random.bytes(random.below(64)), f.SYN | f.FIN),
    () => f.data(id(), Buffer.alloc(f.INITIAL_WINDOW), 0), // One such frame fits the window. A second one exceeds it.
    () => f.windowUpdate(id(), random.pick([1, 0x7fff_ffff, 0xffff_ffff])),
    () => f.windowUpdate(id(), 0, random.pick([f.SYN, f.ACK, f.FIN, f.RST, f.SYN | f.RST, f.ACK | f.FIN])),
    () => f.data(id(), [], random.pick([f.FIN, f.RST, f.FIN | f.RST])),
    () => repeat(2, () => f.data(id(), [], f.FIN)),
    () => f.goAway(random.pick([0, 1, 2, 3, 0xffff_ffff])),
    () => f.ping(random.u32(), random.pick([f.SYN, f.ACK, 0, 0xffff])),
    () => repeat(random.pick([10, 1_000]), (index) => f.ping(index)),
    () => repeat(random.pick([10, 1_000]), () => f.data(id(), [])),
    () => repeat(random.pick([10, 5_000]), () => f.data(id(), [0x90])),
    () =>
      repeat(random.pick([10, 600]), (index) =>
        f.windowUpdate(2 * (500 + index) + random.below(2), 0, f.SYN),
      ),
    () => repeat(50, () => f.windowUpdate(opened(), 0, f.SYN | f.RST)),
    () => random.bytes(random.length(4_096)),
    () => f.data(id(), random.bytes(random.between(1, 8))).subarray(0, random.below(12)),
  ])();
}

/** Returns a frame with one of its fields changed. */
export function mutateFrame(random, { type, flags, id, length, payload }) {
  const whole = { type, flags, id, length, payload };
  switch (random.below(8)) {
    case 0:
      return f.frame({ ...whole, flags: flags ^ (1 << random.below(5)) });
    case 1:
      return f.frame({
        ...whole,
        id: random.pick([0, 1, 2, 3, 5, id + 1, id + 2, id ^ (1 << random.below(32))]),
      });
    case 2:
      return f.frame({ ...whole, length: length ^ (1 << random.below(32)) });
    case 3:
      return f.frame({ ...whole, type: random.below(5) });
    case 4:
      return Buffer.alloc(0);
    case 5:
      return Buffer.concat([f.frame(whole), f.frame(whole)]);
    case 6:
      return f.frame({ ...whole, payload: payload.subarray(0, random.below(payload.length + 1)) });
    default:
      return f.frame({ ...whole, version: random.below(256) });
  }
}

/** Returns a line to send in place of the handshake line. */
export function hostileLine(random, honest) {
  const fields = honest.trim().split('|');
  const changed = () => {
    fields[random.below(fields.length)] = random.pick([
      '',
      '0',
      '-1',
      '2',
      '1e9',
      'pipe',
      'unix',
      'x'.repeat(5_000),
      '__proto__',
      '1,1,1',
      'refs,errors,types,x',
      '\u0000',
      'é',
    ]);
    return fields.join('|') + '\n';
  };
  return Buffer.from(
    random.pick([
      changed,
      changed,
      changed,
      () => fields.slice(0, random.below(8)).join('|') + '\n',
      () => '\n',
      () => 'x'.repeat(5_000),
      () => `${honest.trim()}|more|fields\r\n`,
      () => random.bytes(random.length(8_192)).toString('latin1'),
      () => honest.repeat(2),
    ])(),
    'latin1',
  );
}
