/** Keeps the output of a plugin as text. */
import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { printable } from '@pipework/core';

/** A capture keeps at most this many characters, the newest ones. */
const keep = 1024 * 1024;

export class Capture {
  /**
   * Returns a sink for one output of a client. Each output needs a separate sink, because the sink's decoder
   * joins characters that are split between two chunks.
   */
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

/**
 * A failing test shows at most this many characters of a text, the newest ones. The capture itself keeps
 * more.
 */
const show = 64 * 1024;

/** Returns `heading` with the end of `text` under it, or an empty string if `text` is blank. */
export function section(heading: string, text: string): string {
  const shown = printable(text).trimEnd();
  if (shown.trim() === '') return '';
  const left = shown.length - show;
  const body =
    left <= 0 ? shown : `[${String(left)} characters before this are left out]\n${shown.slice(-show)}`;
  return `── ${heading} ──\n${body}`;
}

export const joinSections = (...sections: string[]): string =>
  sections.filter((text) => text !== '').join('\n');
