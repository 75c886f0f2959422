/**
 * The one door to msgpackr, in its build without `new Function`: nothing that a peer sends is ever compiled. The published
 * package has it inlined (scripts/bundle.mjs), so its table of extensions is ours alone.
 */
import msgpackr, { type Codec } from 'msgpackr/index-no-eval';

export type { Allocate, Codec, Packed } from 'msgpackr/index-no-eval';

const { Packr } = msgpackr;

/** Teaches msgpackr to write a class and to read its extension type, for all codecs here. */
export const addExtension: typeof msgpackr.addExtension = msgpackr.addExtension;

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

/** Speaks the base: undefined is nil. */
export const baseCodec: Codec = new Packr({ ...options, encodeUndefinedAsNil: true });
/** Speaks to a peer that announced `types`: undefined is extension 0, as msgpackr and notepack have it. */
export const fullCodec: Codec = new Packr({ ...options });
/** Reads maps as Map, for messages with a key `__proto__`, which msgpackr would rename in an object. */
export const mapCodec: Codec = new Packr({ ...options, mapsAsObjects: false });
