/**
 * Reads the outer array of an RPC message without the codec. So a call's id and method are known even if the
 * call's params cannot be decoded.
 */
import { PipeworkError } from '../../base/errors.ts';
import { messageType } from '../../session/wire-words.ts';
import type { IncomingMessage } from '../wire/incoming-message.ts';
import { methodNameAt } from '../wire/method-name.ts';
import { sizeBytes } from '../wire/tokens.ts';

/**
 * Reads the type, id and method of a message into the message's fields, and moves `at` to the element after
 * them. Throws `RPC_PROTOCOL` if the message is not one of the three kinds of MessagePack-RPC.
 */
export function readEnvelope(message: IncomingMessage): void {
  const { source, start } = message;
  const first = source[start]!;
  const size = first - 0x90;
  if (first < 0x90 || first > 0x9f)
    return malformed(`begins with 0x${first.toString(16)}, and every message begins with a fixarray byte`);
  if (size < 3) return malformed(`has ${size} elements, which no message of MessagePack-RPC has`);
  message.size = size;
  message.at = start + 1;
  const type = message.takeUint() ?? malformed('has a type that is not a u32');
  message.type = type;
  if (type === messageType.request && (size === 4 || size === 5)) {
    message.id = readId(message);
    message.method = readMethod(message);
  } else if (type === messageType.response && size === 4) {
    message.id = readId(message);
  } else if (type === messageType.notification && size === 3) {
    message.method = readMethod(message);
  } else {
    return malformed(`has type ${type} and ${size} elements, which no message of MessagePack-RPC has`);
  }
}

const readId = (message: IncomingMessage): number =>
  message.takeUint() ?? malformed('has an id that is not a u32');

function readMethod(message: IncomingMessage): string {
  const { source } = message;
  let { at } = message;
  const token = source[at++]!;
  let length = token & 31;
  if (token >= 0xd9 && token <= 0xdb) {
    const end = at + sizeBytes[token]!;
    for (length = 0; at < end; at++) length = length * 256 + source[at]!;
  } else if (token < 0xa0 || token >= 0xc0) {
    return malformed('has a method that is not a string');
  }
  message.at = at + length;
  return methodNameAt(source, at, at + length);
}

function malformed(how: string): never {
  throw new PipeworkError('RPC_PROTOCOL', `A message ${how}.`);
}
