// The values that the workloads send, and the checks that these values came back unchanged.

/** Returns a record. It takes about 76 bytes in MessagePack, and 100 bytes in JSON. */
function record(i) {
  return {
    id: i,
    name: `user-${i}`,
    city: i % 2 === 0 ? 'Lisbon' : 'Rotterdam',
    score: i * 0.37,
    active: i % 3 === 0,
    tags: ['a', 'b', `group-${i % 10}`],
  };
}

export function makeRecords(count) {
  return Array.from({ length: count }, (_, i) => record(i));
}

export function checkRecords(sent, received) {
  if (received.length !== sent.length)
    throw new Error(`sent ${sent.length} records, ${received.length} came back`);
  const last = sent.length - 1;
  for (const i of [0, last >> 1, last]) {
    const [a, b] = [sent[i], received[i]];
    if (a.id !== b.id || a.name !== b.name || Math.abs(a.score - b.score) > 1e-9 || a.tags[2] !== b.tags[2]) {
      throw new Error(`record ${i} came back as ${JSON.stringify(b)}`);
    }
  }
}

/** Returns bytes without a pattern that a codec could exploit. The bytes are the same in each process. */
export function makeBytes(size) {
  const bytes = Buffer.allocUnsafeSlow(size);
  let state = 0x9e3779b9;
  const words = new Uint32Array(bytes.buffer, 0, size >> 2);
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  bytes.fill(7, words.length * 4);
  return new Uint8Array(bytes.buffer, 0, size);
}

export function checkBytes(sent, received) {
  if (!(received instanceof Uint8Array)) throw new Error(`sent bytes, ${typeof received} came back`);
  const view = Buffer.from(received.buffer, received.byteOffset, received.byteLength);
  if (view.compare(sent) !== 0)
    throw new Error(`${sent.length} bytes were changed on the way (${view.length} came back)`);
}

/** How many bytes a chunk has in the workload with many streams. */
export const CHUNK_BYTES = 64 * 1024;

/** Returns an item for the workload `stream`. */
export function item(i) {
  return { seq: i, line: 'a line of a log' };
}
