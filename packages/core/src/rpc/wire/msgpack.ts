// oxlint-disable-next-line typescript/triple-slash-reference -- a project that compiles this source needs the declaration with it
/// <reference path="./msgpackr-no-eval.d.ts" />
/**
 * The one door to msgpackr, in its build without `new Function`: nothing that a peer sends is ever compiled. The published
 * package has it inlined (scripts/bundle.mjs), so its table of extensions is ours alone.
 */
import noEval from 'msgpackr/index-no-eval';

/** What a packed message lies in: msgpackr's reused buffer, with the place in it. */
export interface Packed extends Uint8Array {
  start: number;
  end: number;
}

export interface Codec {
  pack(value: unknown, mode: number): Packed;
  unpack(source: Uint8Array, range: { start: number; end: number }): unknown;
  useBuffer(buffer: Uint8Array): void;
}

/** How an extension writes itself: asks for room once, writes there, and returns nothing. */
export type Allocate = (size: number) => { target: Uint8Array; targetView: DataView; position: number };

export interface Extension<T> {
  /** What is written as this extension. Without it the type is only read. */
  Class?: new (...args: never[]) => T;
  type: number;
  pack?(value: T, allocate: Allocate): undefined;
  unpack(data: Uint8Array): unknown;
}

interface Module {
  readonly Packr: new (options: Record<string, unknown>) => Codec;
  addExtension<T>(this: void, extension: Extension<T>): void;
}

const msgpackr = noEval as Module;

/**
 * The typed arrays that msgpackr knows, by `instanceof`: those that were global when it was loaded. A test environment may put others
 * in their place, before or after; Node's Buffers then belong to neither.
 */
const KnownBytes = Uint8Array;

/** Bytes that msgpackr writes as bin, of zeros. */
export function newBin(length: number): Uint8Array<ArrayBuffer> {
  return new KnownBytes(length);
}

/** Binary data as msgpackr writes it as bin, uncopied. */
export function asBin(data: ArrayBufferView): Uint8Array {
  return data instanceof KnownBytes ? data : new KnownBytes(data.buffer, data.byteOffset, data.byteLength);
}
const { Packr } = msgpackr;

/** Teaches msgpackr to write a class and to read its extension type, for all codecs here. */
export const addExtension: Module['addExtension'] = msgpackr.addExtension;

/** msgpackr's mode that returns the buffer itself with `start` and `end` on it, so that no view is made. */
export const reuseBuffer = 512;

const options = {
  useRecords: false,
  variableMapSize: true,
  useToJSON: false,
  int64AsType: 'auto',
  mapsAsObjects: true,
  writeFunction(): never {
    throw new TypeError('a function changed into the message while it was being written');
  },
};

// Made at first use: making one costs 0.5 ms, and a plugin whose calls are plain needs none to answer its first.
const made: { base?: Codec; full?: Codec; map?: Codec } = {};

/** Speaks the base: undefined is nil. */
export function baseCodec(): Codec {
  return (made.base ??= new Packr({ ...options, encodeUndefinedAsNil: true }));
}

/** Speaks to a peer that announced `types`: undefined is extension 0, as msgpackr and notepack have it. */
export function fullCodec(): Codec {
  return (made.full ??= new Packr({ ...options }));
}

/** Reads maps as Map, for messages with a key `__proto__`, which msgpackr would rename in an object. */
export function mapCodec(): Codec {
  return (made.map ??= new Packr({ ...options, mapsAsObjects: false }));
}
