/** The mark that replaces dropped bytes in an output. */

/** Returns the mark for `bytes` dropped bytes, as a separate line. */
export function droppedMark(bytes: number, reason: string): string {
  return `\n[pipework: ${bytes} bytes dropped, ${reason}]\n`;
}
