/** Reads what one direction of one stream says: a broker id where one leads, then messages, output, or bare bytes. */
import { ValueReader } from '../wire/msgpack.ts';
import { concat } from '../wire/yamux.ts';
import { show, showBytes } from './show.ts';

export type Direction = 'toPlugin' | 'toHost';

/** What a stream is for, from its place in the order of PROTOCOL 5. */
export function purposeOf(id: number): string {
  return ['control', 'stdout', 'stderr'][(id - 1) / 2] ?? '';
}

export class StreamReader {
  readonly #values: ValueReader = new ValueReader();
  readonly #isOutput: boolean;
  readonly #isOpener: boolean;
  #leading: Uint8Array | undefined;
  /** The bytes turned out to be no messages: from here on they are shown as they are. */
  #isBare = false;

  /** @param isOpener whether this direction's sender opened the stream: it leads with the broker id. */
  constructor(id: number, isOpener: boolean) {
    const purpose = purposeOf(id);
    this.#isOpener = isOpener;
    this.#isOutput = purpose === 'stdout' || purpose === 'stderr';
    if (purpose === '' && isOpener) this.#leading = new Uint8Array(0);
  }

  /** What became whole with these bytes, a phrase each. */
  read(bytes: Uint8Array): string[] {
    let rest = bytes;
    const phrases: string[] = [];
    if (this.#leading !== undefined) {
      const held = concat([this.#leading, rest]);
      this.#leading = held;
      if (held.length < 4) return phrases;
      this.#leading = undefined;
      phrases.push(`broker id ${String(new DataView(held.buffer).getUint32(0))}`);
      rest = held.subarray(4);
    }
    if (rest.length === 0) return phrases;
    if (this.#isOutput || this.#isBare) return [...phrases, showBytes(rest)];
    try {
      for (const value of this.#values.push(rest)) phrases.push(describeMessage(value, this.#isOpener));
    } catch {
      // Not MessagePack: a stream of the user's own protocol, or a peer that is broken. Both are shown as bytes.
      this.#isBare = true;
      phrases.push(showBytes(rest));
    }
    return phrases;
  }
}

/** What stands first in the messages of a stream of values: from its giver, and from the one who dialled it. */
const given = ['item', 'done', 'failed', 'answer', 'items'];
const asked = ['return', 'throw'];

/** `request 3 Plugin.greet('world')`, `item 5`, or the value itself where it is no message at all. */
export function describeMessage(message: unknown, isOpener: boolean): string {
  if (Array.isArray(message)) {
    const [type, a, b, c] = message as unknown[];
    if (type === 0 && message.length === 4) return `request ${show(a)} ${String(b)}${list(c)}`;
    if (type === 1 && message.length === 4) {
      return b === null ? `response ${show(a)} ${show(c)}` : `response ${show(a)} failed: ${show(b)}`;
    }
    if (type === 2 && message.length === 3) return `notification ${String(a)}${list(b)}`;
    const word = (isOpener ? asked : given)[Number(type)];
    if (message.length === 2 && word !== undefined) return `${word} ${show(a)}`;
  }
  return `no message: ${show(message)}`;
}

const list = (params: unknown): string =>
  Array.isArray(params)
    ? `(${params.map(show).join(', ')})`
    : ` with params that are no array: ${show(params)}`;
