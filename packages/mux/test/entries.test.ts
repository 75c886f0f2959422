/** Tests the exports of the entries, and that callers cannot misuse them at run time. */

import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import * as frame from '../src/frame.ts';
import * as main from '../src/index.ts';
import * as lean from '../src/lean.ts';

describe('the main entry', () => {
  test('exports the session, the stream class, the error class and the table of its codes, and nothing else', () => {
    expect(Object.keys(main).toSorted()).toEqual(['MuxError', 'MuxStream', 'Session', 'muxErrorCodes']);
  });

  test('refuses to construct a stream', () => {
    expect(() => Reflect.construct(main.MuxStream, [])).toThrow(TypeError);
  });

  test('has sessions without the lean interface, even for a caller that ignores the types', () => {
    const names = Object.getOwnPropertyNames(main.Session.prototype);
    for (const name of ['openRaw', 'feed', 'flush', 'endOutput', 'label']) expect(names).not.toContain(name);
    const transport = { readable: new PassThrough(), writable: new PassThrough() };
    const options = { role: 'client', onStream: () => {} } as main.SessionOptions;
    expect(() => new main.Session(transport, options)).toThrow('got "onStream"');
  });
});

describe('the lean entry', () => {
  test('exports LeanSession, toDuplex(), IdMap and realTimers, and nothing else', () => {
    expect(Object.keys(lean).toSorted()).toEqual(['IdMap', 'LeanSession', 'realTimers', 'toDuplex']);
  });

  test('has sessions that are instances of the main entry’s Session', async () => {
    const transport = { readable: new PassThrough(), writable: new PassThrough() };
    const session = new lean.LeanSession(transport, { role: 'client' });
    expect(session).toBeInstanceOf(main.Session);
    const stream = lean.toDuplex(session.openRaw(), session);
    expect(stream).toBeInstanceOf(main.MuxStream);
    expect(stream.session).toBe(session);
    await session.close();
  });

  test('refuses an onStream that is not a function before it touches the transport', () => {
    const transport = { readable: new PassThrough(), writable: new PassThrough() };
    const options = { role: 'client', onStream: 'yes' } as unknown as lean.LeanSessionOptions;
    expect(() => new lean.LeanSession(transport, options)).toThrow('onStream must be a function; got "yes"');
    expect(transport.readable.listenerCount('data')).toBe(0);
  });
});

test('exported tables are frozen, with everything in them', () => {
  const tables = [main.muxErrorCodes, frame.FrameType, frame.Flag, frame.GoAwayCode];
  for (const table of tables) {
    expect(Object.isFrozen(table)).toBe(true);
    for (const entry of Object.values(table)) expect(Object.isFrozen(entry)).toBe(true);
  }
});
