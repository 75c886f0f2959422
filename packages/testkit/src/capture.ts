/** What came out of a plugin, kept as text. */
import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** How much of an output is kept, in characters: the newest. */
const keep = 1024 * 1024;

export class Capture {
  /** A sink for a client: one for each stream, since a decoder belongs to one. */
  sink(): Writable {
    const decoder = new StringDecoder('utf8');
    return new Writable({
      write: (chunk: Buffer, _encoding, callback) => {
        this.#text = (this.#text + decoder.write(chunk)).slice(-keep);
        callback();
      },
    });
  }

  #text = '';

  get text(): string {
    return this.#text;
  }
}

/** A heading and a text under it, or nothing where there is no text. */
export const section = (heading: string, text: string): string =>
  text.trim() === '' ? '' : `── ${heading} ──\n${text.trimEnd()}`;

export const joinSections = (...sections: string[]): string =>
  sections.filter((text) => text !== '').join('\n');
