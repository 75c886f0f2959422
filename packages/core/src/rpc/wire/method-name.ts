/**
 * Reads the method name of a message. Most calls go to a few methods, so the strings of their names are
 * reused.
 */
import { KnownTexts } from './known-texts.ts';

const maxKnownBytes = 64;
const makeName = (source: Uint8Array, start: number, end: number): string =>
  Buffer.from(source.buffer, source.byteOffset + start, end - start).toString();
const names = new KnownTexts(256, makeName);

/** Returns the method name in these bytes. The same bytes usually give the same string. */
export function methodNameAt(source: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length === 0 || length > maxKnownBytes) return makeName(source, start, end);
  return names.at(source, start, end) ?? '';
}
