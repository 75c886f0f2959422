import { expect, test } from 'vitest';
import { pattern, readAll, sessionPair, until } from './support/session-pair.ts';

test('a stream carries bytes both ways and ends cleanly', async () => {
  const { client, server } = sessionPair();
  const stream = client.openStream();
  stream.end('question');
  const accepted = await server.acceptStream();
  expect(accepted.id).toBe(1);
  expect((await readAll(accepted)).toString()).toBe('question');
  accepted.end('answer');
  expect((await readAll(stream)).toString()).toBe('answer');
  await until(() => client.streamCount + server.streamCount === 0, 'both tables are empty');
  await client.close();
  await server.closed;
});

test('a stream carries ten megabytes to an echo and back', async () => {
  const { client, server } = sessionPair();
  const bytes = pattern(10 << 20);
  const stream = client.openStream();
  stream.end(bytes);
  const accepted = await server.acceptStream();
  accepted.pipe(accepted);
  expect((await readAll(stream)).equals(bytes)).toBe(true);
});

test('a session opens a thousand streams at the same time and loses none', async () => {
  const { client, server } = sessionPair();
  void (async () => {
    for await (const stream of server) stream.pipe(stream);
  })();
  const echoes = await Promise.all(
    Array.from({ length: 1000 }, async (_, i) => {
      const stream = client.openStream();
      stream.end(`stream ${i}`);
      return (await readAll(stream)).toString();
    }),
  );
  expect(echoes).toEqual(Array.from({ length: 1000 }, (_, i) => `stream ${i}`));
});

test('a session measures a round trip', async () => {
  const { client, server } = sessionPair();
  expect(await client.ping()).toBeGreaterThan(0);
  expect(await server.ping()).toBeGreaterThan(0);
});
