// A plugin that runs unchanged under Node, Bun and Deno.
import process from 'node:process';
import { serve } from '@pipework/core/plugin';

class Runtime {
  name() {
    if ('Bun' in globalThis) return 'bun';
    return 'Deno' in globalThis ? 'deno' : 'node';
  }

  echo(value) {
    return value;
  }

  log(text) {
    console.log(text);
  }

  warn(text) {
    console.error(text);
  }

  /** Resolves once the host has accepted the printed text. */
  print(text) {
    return new Promise((resolve) => process.stdout.write(text, () => resolve()));
  }

  async *count(to) {
    for (let n = 1; n <= to; n++) yield n;
  }

  async each(words, visit) {
    for (const word of words) await visit(word);
    return words.length;
  }

  /**
   * Answers only if the call is aborted. When the host is gone, the process must end although the timer runs.
   */
  hang(options) {
    setInterval(() => {}, 1000);
    return new Promise((_, reject) => {
      options?.signal?.addEventListener('abort', () => reject(options.signal.reason));
    });
  }
}

await serve({
  plugins: { runtime: () => new Runtime() },
  onShutdown: () => console.log('goodbye'),
});
