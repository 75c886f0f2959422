/**
 * Reads back the values that the writer has packed, if their message turns out not to be plain. So no field
 * of the user's objects is read a second time.
 */
import { scratch } from '../../wire/scratch.ts';
import { setOwn } from '../../../base/own-property.ts';

/** Returns the first `count` values from `start` on, which the writer of this folder packed. */
export function readBack(bytes: Buffer, start: number, count: number): unknown[] {
  scratch.position = start;
  return readList(bytes, count);
}

/** Makes an object of the values that {@link readBack} returned for its keys and fields in turn. */
export function recordOf(parts: readonly unknown[]): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (let at = 0; at < parts.length; at += 2) setOwn(record, parts[at] as string, parts[at + 1]);
  return record;
}

function readList(bytes: Buffer, count: number): unknown[] {
  const list: unknown[] = [];
  while (list.length < count) list.push(readValue(bytes));
  return list;
}

function readValue(bytes: Buffer): unknown {
  const token = bytes[scratch.position++]!;
  if (token < 0x80) return token;
  if (token < 0x90) return recordOf(readList(bytes, (token - 0x80) * 2));
  if (token < 0xa0) return readList(bytes, token - 0x90);
  if (token < 0xc0) return readText(bytes, token - 0xa0);
  const at = scratch.position;
  switch (token) {
    case 0xc0:
      return null;
    case 0xc2:
    case 0xc3:
      return token === 0xc3;
    case 0xcb:
      scratch.position += 8;
      return bytes.readDoubleBE(at);
    case 0xcc:
    case 0xcd:
    case 0xce:
      scratch.position += 1 << (token - 0xcc);
      return bytes.readUIntBE(at, scratch.position - at);
    case 0xd0:
    case 0xd1:
    case 0xd2:
      scratch.position += 1 << (token - 0xd0);
      return bytes.readIntBE(at, scratch.position - at);
    case 0xd3:
      scratch.position += 8;
      return Number(bytes.readBigInt64BE(at));
    case 0xd4:
      scratch.position += 2;
      return undefined;
    case 0xd9:
      scratch.position += 1;
      return readText(bytes, bytes[at]!);
    case 0xda:
      scratch.position += 2;
      return readText(bytes, bytes.readUInt16BE(at));
    default:
      return token - 0x100;
  }
}

function readText(bytes: Buffer, length: number): string {
  scratch.position += length;
  return bytes.toString('utf8', scratch.position - length, scratch.position);
}
