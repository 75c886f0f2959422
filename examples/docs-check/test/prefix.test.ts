import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LinePrefix } from '../src/prefix.ts';

/** Returns the lines that are printed if `bytes` arrive in chunks, cut at `cuts`. */
async function printed(bytes: Uint8Array, cuts: number[] = []): Promise<string[]> {
  const lines: string[] = [];
  const sink = new LinePrefix('links', (text, done) => {
    lines.push(...text.split('\n'));
    done();
  });
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (const [index, edge] of edges.slice(1).entries())
    await new Promise((resolve) => sink.write(bytes.slice(edges[index], edge), resolve));
  sink.flush();
  return lines;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

test('puts the plugin’s name before each line', async () => {
  expect(await printed(bytesOf('one\ntwo\r\n\n'))).toEqual(['links │ one', 'links │ two', 'links │ ']);
});

test('holds a line back until it is whole, and prints an unfinished one at the end', async () => {
  expect(await printed(bytesOf('one\ntwo'), [1, 2, 5])).toEqual(['links │ one', 'links │ two']);
});

test('never splits a character, wherever the bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n]/g, ''))),
      fc.array(fc.nat()),
      async (lines, cuts) => {
        const text = lines.map((line) => `${line}\n`).join('');
        expect(await printed(bytesOf(text), cuts)).toEqual(lines.map((line) => `links │ ${line}`));
      },
    ),
  );
});

test('prints a line without an end in parts, and splits no character', async () => {
  const lines = await printed(bytesOf(`x${'😀'.repeat(100_000)}`));
  expect(lines.length).toBeGreaterThan(2);
  expect(lines.every((line) => /^links │ x?(😀)+$/u.test(line))).toBe(true);
  expect(lines.join('').match(/😀/gu)).toHaveLength(100_000);
});

test('passes on the back-pressure of its reader', async () => {
  let go: (() => void) | undefined;
  const sink = new LinePrefix('links', (_text, done) => (go = done));
  let taken = false;
  sink.write('one\n', () => (taken = true));
  await new Promise(setImmediate);
  expect(taken).toBe(false);
  go?.();
  await expect.poll(() => taken).toBe(true);
});
