/** The mark that stands in an output in place of what was dropped from it. */

/** The mark for so many bytes, a line of its own. */
export function droppedMark(bytes: number, reason: string): string {
  return `\n[pipework: ${bytes} bytes dropped, ${reason}]\n`;
}
