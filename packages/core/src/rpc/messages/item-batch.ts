/** Combines several items of a stream into one message. */
import type { RawStream } from '@pipework/mux/lean';
import { pack } from './codec.ts';
import { baseCodec, fullCodec, type Codec } from '../wire/msgpack.ts';
import { LikeRows } from '../values/tables/like-rows.ts';
import type { Apart } from '../values/tables/table.ts';
import { takeGaps } from '../wire/extension.ts';
import type { Capability } from '../../session/capabilities.ts';

const maxBatchBytes = 16 * 1024;
// The header of the message has two bytes, and the header of the list has three.
const batchHead = 5;

/**
 * Collects values, and writes them as one list in one message. If all of them are objects with the same keys,
 * they become a table, and are added without the walk of outbound.ts. Other values must be walked first, and
 * are packed when they are added.
 */
export class ItemBatch {
  readonly #codec: Codec;
  readonly #rows: LikeRows;
  #areAlike: boolean;
  // Allocated with the first item, because most streams are short.
  #bytes: Buffer | undefined;
  #length = batchHead;
  count = 0;

  /** `capabilities` are those of the peer. `references` recognises objects that must not become rows. */
  constructor(capabilities: ReadonlySet<Capability>, references: Apart | undefined) {
    this.#rows = new LikeRows(references);
    this.#codec = capabilities.has('types') ? fullCodec() : baseCodec();
    this.#areAlike = capabilities.has('tables');
  }

  /** True if {@link addRow} may be called. */
  get takesRows(): boolean {
    return this.#areAlike && this.#rows.bytes <= maxBatchBytes;
  }

  /**
   * Adds an object if it has the same keys as the objects before it. Otherwise returns false, and the caller
   * must walk the value of {@link takeLeft} and pass it to {@link add}.
   */
  addRow(value: unknown): boolean {
    // After one item with other keys, stops trying tables for this stream. Mixed items would start a new
    // batch at every change.
    this.#areAlike = this.#rows.add(value);
    if (this.#areAlike) this.count++;
    return this.#areAlike;
  }

  takeLeft(): unknown {
    return this.#rows.takeLeft();
  }

  /**
   * Adds a value that the walk has returned. Returns false if the value is too large for the batch, if it
   * holds a large bin, or if the batch has rows.
   */
  add(value: unknown): boolean {
    if (this.#rows.count > 0) return false;
    const packed = pack(this.#codec, value);
    const { start, end } = packed;
    if (takeGaps().length > 0 || this.#length + end - start > maxBatchBytes) return false;
    const bytes = (this.#bytes ??= Buffer.allocUnsafeSlow(maxBatchBytes));
    let at = this.#length;
    // Most items have at most 64 bytes. Copying these costs less than making a view.
    if (end - start > 64) bytes.set(packed.subarray(start, end), at);
    else for (let from = start; from < end; from++) bytes[at++] = packed[from]!;
    this.#length += end - start;
    this.count++;
    return true;
  }

  /** Writes `[word, [value, ...]]` and starts an empty batch. Returns the result of the stream's `write`. */
  write(stream: RawStream, word: number): boolean {
    const { count } = this;
    this.count = 0;
    if (this.#rows.count > 0) {
      const packed = pack(this.#codec, [word, this.#rows.take()]);
      return stream.writeCopy(packed, packed.start, packed.end);
    }
    const bytes = this.#bytes;
    if (bytes === undefined) return true;
    bytes[0] = 0x92;
    bytes[1] = word;
    bytes[2] = 0xdc;
    bytes.writeUInt16BE(count, 3);
    const length = this.#length;
    this.#length = batchHead;
    return stream.writeCopy(bytes, 0, length);
  }
}
