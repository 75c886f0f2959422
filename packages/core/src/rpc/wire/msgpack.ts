// oxlint-disable-next-line typescript/triple-slash-reference -- a project that compiles this source needs the declaration with it
/// <reference path="./msgpackr-no-eval.d.ts" />
/**
 * The only file that imports msgpackr. It imports the build without `new Function`, so no data of a peer is
 * ever compiled as code. scripts/bundle.mjs inlines msgpackr into the published package, so no other code can
 * change msgpackr's table of extensions.
 */
import noEval from 'msgpackr/index-no-eval';

/** A packed message: msgpackr's reused buffer, in which the message is `start..end`. */
export interface Packed extends Uint8Array {
  start: number;
  end: number;
}

export interface Codec {
  pack(value: unknown, mode: number): Packed;
  unpack(source: Uint8Array, range: { start: number; end: number }): unknown;
  useBuffer(buffer: Uint8Array): void;
}

/**
 * The function by which an extension's `pack` gets room in the packed message. `pack` calls it once,
 * writes into the returned room, and returns nothing.
 */
export type Allocate = (size: number) => { target: Uint8Array; targetView: DataView; position: number };

export interface Extension<T> {
  /** The class that is written as this extension. If the class is absent, msgpackr only reads the type. */
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
 * The `Uint8Array` that was global when msgpackr was loaded. msgpackr recognises bytes by `instanceof` of
 * this class. A test environment may replace the global before or after msgpackr is loaded. Then Node's
 * Buffers may not be instances of this class.
 */
const KnownBytes = Uint8Array;

/** The `Date` that was global when msgpackr was loaded. msgpackr recognises dates in the same way as bytes. */
const KnownDate = Date;

/** Returns a date of the class that msgpackr writes as a timestamp. */
export function asTimestamp(time: number): Date {
  return new KnownDate(time);
}

/** Returns zeroed bytes that msgpackr writes as bin. */
export function newBin(length: number): Uint8Array<ArrayBuffer> {
  return new KnownBytes(length);
}

/** Returns the same bytes, without a copy, as an instance of the class that msgpackr writes as bin. */
export function asBin(data: ArrayBufferView): Uint8Array {
  return data instanceof KnownBytes ? data : new KnownBytes(data.buffer, data.byteOffset, data.byteLength);
}
const { Packr } = msgpackr;

/** Teaches msgpackr to write a class and to read its extension type, for all codecs of this file. */
export const addExtension: Module['addExtension'] = msgpackr.addExtension;

/**
 * The mode in which msgpackr makes no view, but returns the buffer itself with the properties `start` and
 * `end`.
 */
export const reuseBuffer = 512;

const options = {
  useRecords: false,
  variableMapSize: true,
  useToJSON: false,
  int64AsType: 'auto',
  mapsAsObjects: true,
  writeFunction(): never {
    throw new TypeError('the message changed while it was being written: it now contains a function');
  },
};

// The codecs, each made when it is first used. Making a codec costs 0.5 ms, and a plugin can answer plain
// calls without one.
const made: { base?: Codec; full?: Codec } = {};

/** Returns the codec for a peer that has only the base protocol, in which undefined is sent as nil. */
export function baseCodec(): Codec {
  return (made.base ??= new Packr({ ...options, encodeUndefinedAsNil: true }));
}

/**
 * Returns the codec for a peer that announced `types`. Undefined is extension 0, as in msgpackr and notepack.
 */
export function fullCodec(): Codec {
  return (made.full ??= new Packr({ ...options }));
}
