import { expect, inject, test, vi } from 'vitest';
import { fullCodec, KnownTexts, ownCapabilities, scratch } from '../support/internals.ts';
import { rpcPair } from '../support/rpc-pair.ts';

// Every test file in this folder runs twice: in the project `core` with the parts that only improve speed,
// and in the project `core-general` without them.
declare module 'vitest' {
  export interface ProvidedContext {
    hasSpeedParts: boolean;
  }
}
const hasSpeedParts = inject('hasSpeedParts');

test('a small message takes the fast path', async () => {
  const { remote } = await rpcPair({ echo: (value: unknown) => value });
  scratch.small.fill(0);
  expect(await remote.echo(1)).toBe(1);
  expect(scratch.small.some((byte) => byte !== 0)).toBe(hasSpeedParts);
});

test('lists of objects with the same keys are sent as tables', () => {
  expect(ownCapabilities.includes('tables')).toBe(hasSpeedParts);
});

test('the string of a repeated text is reused', () => {
  const make = vi.fn((source: Uint8Array, start: number, end: number) =>
    Buffer.from(source.subarray(start, end)).toString(),
  );
  const texts = new KnownTexts(16, make);
  for (let time = 0; time < 3; time++) expect(texts.at(Buffer.from('name'), 0, 4)).toBe('name');
  expect(make).toHaveBeenCalledTimes(hasSpeedParts ? 1 : 3);
});

test('freed memory stays with the process after many large values have arrived', async () => {
  // Loads the module again, because countReceived() has already counted the values of other test files.
  vi.resetModules();
  const { countReceived } = await import('../support/internals.ts');
  const allocated = vi.spyOn(Buffer, 'allocUnsafeSlow');
  for (let mebibytes = 0; mebibytes < 16; mebibytes++) countReceived(2 ** 20);
  expect(allocated).toHaveBeenCalledTimes(hasSpeedParts ? 1 : 0);
  allocated.mockRestore();
});

test('the bundled msgpackr lacks the branches that our options never take', () => {
  expect(fullCodec().constructor.toString().includes('saveState')).toBe(!hasSpeedParts);
});
