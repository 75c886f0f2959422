/** The outer array of an RPC message, read by hand: a call keeps its id and method even where its params cannot be decoded. */
import { PipeworkError } from '../../base/errors.ts';
import { messageType } from '../../session/wire-words.ts';
import { methodNameAt } from '../wire/method-name.ts';

/** The envelope that was read last. One object, reused: copy what you keep. */
export interface Envelope {
  type: number;
  /** Elements of the outer array. */
  size: number;
  /** The message id of a request or response. */
  id: number;
  /** The method of a request or notification. */
  method: string;
  /** Where the next element, params or error, begins. */
  at: number;
}

const envelope: Envelope = { type: 0, size: 0, id: 0, method: '', at: 0 };

/** Reads the envelope of a complete message. Throws `RPC_PROTOCOL` where it is none of MessagePack-RPC's three. */
export function readEnvelope(source: Uint8Array, start: number): Envelope {
  const first = source[start]!;
  const type = source[start + 1]!;
  const size = first - 0x90;
  if (first < 0x90 || first > 0x9f)
    return malformed(`begins with 0x${first.toString(16)}, and every message begins with a fixarray byte`);
  envelope.type = type;
  envelope.size = size;
  envelope.at = start + 2;
  if (type === messageType.request && (size === 4 || size === 5)) {
    envelope.id = readId(source);
    envelope.method = readMethod(source);
  } else if (type === messageType.response && size === 4) {
    envelope.id = readId(source);
  } else if (type === messageType.notification && size === 3) {
    envelope.method = readMethod(source);
  } else {
    return malformed(`has type ${type} and ${size} elements: none of MessagePack-RPC's messages`);
  }
  return envelope;
}

function readId(source: Uint8Array): number {
  let { at } = envelope;
  const token = source[at++]!;
  const bytes =
    token < 0x80
      ? 0
      : token >= 0xcc && token <= 0xce
        ? 1 << (token - 0xcc)
        : malformed('has an id that is no u32');
  let id = bytes === 0 ? token : 0;
  for (let index = 0; index < bytes; index++) id = id * 256 + source[at++]!;
  envelope.at = at;
  return id;
}

function readMethod(source: Uint8Array): string {
  let { at } = envelope;
  const token = source[at++]!;
  let length = 0;
  if (token >= 0xa0 && token < 0xc0) length = token & 31;
  else if (token === 0xd9) length = source[at++]!;
  else if (token === 0xda) length = source[at++]! * 256 + source[at++]!;
  else malformed('has a method that is no string');
  envelope.at = at + length;
  return methodNameAt(source, at, at + length);
}

function malformed(how: string): never {
  throw new PipeworkError('RPC_PROTOCOL', `A message ${how}.`);
}
