/** The mark that replaces dropped bytes in an output. */

/** Returns the mark for this many bytes, as a line of its own. */
export function droppedMark(bytes: number, reason: string): string {
  return `\n[pipework: ${bytes} bytes dropped, ${reason}]\n`;
}
