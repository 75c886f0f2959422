import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogRecord } from './log-record.ts';
import { OutputLog } from './output-log.ts';

/** Returns the records of an output that arrives in these pieces. */
async function records(...pieces: (string | Uint8Array)[]): Promise<LogRecord[]> {
  const found: LogRecord[] = [];
  const log = new OutputLog((record) => found.push(record));
  for (const piece of pieces) log.push(typeof piece === 'string' ? Buffer.from(piece) : piece);
  await log.end();
  return found;
}

/** Returns the level and message of each record. */
async function brief(...pieces: string[]): Promise<string[]> {
  return (await records(...pieces)).map(({ level, message }) => `${level}: ${message}`);
}

describe('an output', () => {
  test('gives the same records wherever the bytes are cut', async () => {
    const bytes = Buffer.from(
      '[INFO] grüße 🎉\nplain\n{"level":40,"msg":"ü"}\nTraceback (most recent call last):\n  File "x"\nValueError: 🎉\nend',
    );
    const whole = await records(bytes);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length)), async (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const pieces = places.slice(1).map((end, i) => bytes.subarray(places[i], end));
        expect(await records(...pieces)).toEqual(whole);
      }),
    );
  });

  test('cuts a long line, never inside a character, and says how many characters were cut', async () => {
    const [record] = await records(`[ERROR] ${'🎉'.repeat(50_000)}\n`);
    expect(record?.level).toBe('error');
    expect(record?.message).toMatch(/🎉 … \[\d+ characters cut\]$/);
    expect(record?.message.isWellFormed()).toBe(true);
    expect(record?.message.length).toBeLessThan(70_000);
  });

  test('drops carriage returns and empty lines', async () => {
    expect(await brief('a\r\n\r\n\nb\r\n')).toEqual(['debug: a', 'debug: b']);
  });
});
