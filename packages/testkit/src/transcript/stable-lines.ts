/** Makes a transcript for snapshots. The text is the same in every run that sends the same messages. */
import { RST } from '../wire/yamux.ts';
import { listed, show } from './show.ts';
import { CutOff } from '../wire/decode.ts';
import type { Sighting } from './sighting.ts';
import { purposeOf, type Direction, type Message } from './stream-reader.ts';

const arrows: Readonly<Record<Direction, string>> = { toPlugin: 'host → plugin', toHost: 'plugin → host' };

/**
 * Returns only the messages, stream by stream. The text does not show frames, times, or the order of messages
 * on different streams, because all of these depend on chance. Streams are numbered in the order in which
 * they first carry a message. The plugin's output is left out.
 */
export function stableLines(sightings: readonly Sighting[]): string[] {
  const streams = new Map<number, StreamLines>();
  for (const { frame, direction, phrases } of sightings) {
    if (frame === undefined || frame.id === 0) continue;
    const purpose = purposeOf(frame.id);
    if (purpose === 'stdout' || purpose === 'stderr') continue;
    const isReset = (frame.flags & RST) !== 0;
    if (phrases.length < 2 && !isReset) continue;
    let lines = streams.get(frame.id);
    if (lines === undefined) {
      lines = new StreamLines();
      streams.set(frame.id, lines);
    }
    for (const phrase of phrases.slice(1)) {
      if (typeof phrase === 'function') lines.add(direction, phrase());
      else for (const message of phrase.each()) lines.addMessage(direction, message);
    }
    if (isReset) lines.add(direction, 'RST');
  }
  let count = 0;
  return [...streams].flatMap(([id, lines]) => [
    purposeOf(id) || `stream ${String(++count)}`,
    ...lines.all().map((line) => `  ${line}`),
  ]);
}

/**
 * The lines of one stream. Items of a stream of values share a line, because chance decides whether a message
 * carries one item or several.
 */
class StreamLines {
  readonly #lines: string[] = [];
  #direction: Direction = 'toHost';
  #items: unknown[] = [];
  #count = 0;

  add(direction: Direction, text: string): void {
    this.#endItems();
    this.#lines.push(`${arrows[direction]}  ${text}`);
  }

  addMessage(direction: Direction, message: Message): void {
    const items = message.items();
    if (items === undefined) this.add(direction, message.text());
    else this.#addItems(direction, items);
  }

  #addItems(direction: Direction, items: readonly unknown[]): void {
    if (direction !== this.#direction) this.#endItems();
    this.#direction = direction;
    for (const item of items) {
      this.#count += item instanceof CutOff ? item.values : 1;
      if (this.#items.length < listed && !(item instanceof CutOff)) this.#items.push(item);
    }
  }

  all(): readonly string[] {
    this.#endItems();
    return this.#lines;
  }

  #endItems(): void {
    if (this.#count === 0) return;
    const left = this.#count - this.#items.length;
    const shown = this.#items.map(show).join(', ') + (left === 0 ? '' : `, … ${String(left)} more`);
    this.#lines.push(`${arrows[this.#direction]}  items ${shown}`);
    this.#items = [];
    this.#count = 0;
  }
}
