import { Duplex, PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { MuxError, MuxStream, Session } from './index.ts';

type Mux = typeof import('./index.ts');

/**
 * Loads a second copy of the file. A program has two copies of a file if its dependency tree contains the
 * package twice, or if another package has inlined it.
 */
async function copyOf(file: string): Promise<Mux> {
  return (await import(/* @vite-ignore */ new URL(`${file}?copy`, import.meta.url).href)) as Mux;
}

test('streams and errors are also instances of the classes in another copy of the package', async () => {
  const [streams, errors] = await Promise.all([copyOf('./mux-stream.ts'), copyOf('./errors.ts')]);
  expect(streams.MuxStream).not.toBe(MuxStream);
  expect(errors.MuxError).not.toBe(MuxError);
  const session = new Session(
    { readable: new PassThrough(), writable: new PassThrough() },
    { role: 'client' },
  );
  const stream = session.openStream();
  expect(stream).toBeInstanceOf(streams.MuxStream);
  expect(stream).toBeInstanceOf(MuxStream);
  expect(stream).toBeInstanceOf(Duplex);
  const error = new MuxError('MUX_MISUSE', 'no');
  expect(error).toBeInstanceOf(errors.MuxError);
  expect(error).toBeInstanceOf(MuxError);
  await session.close();
});

test('no other value is an instance of MuxStream or MuxError', () => {
  class Derived extends MuxError {}
  for (const other of [new Duplex(), new PassThrough(), {}, null, undefined, 'x', MuxStream])
    expect([other instanceof MuxStream, other instanceof MuxError]).toEqual([false, false]);
  expect(new Error('x')).not.toBeInstanceOf(MuxError);
  expect(new MuxError('MUX_MISUSE', 'x')).not.toBeInstanceOf(Derived);
  expect(new Derived('MUX_MISUSE', 'x')).toBeInstanceOf(MuxError);
});
