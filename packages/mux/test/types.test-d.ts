import { Duplex, type Readable, type Writable } from 'node:stream';
import type { Socket } from 'node:net';
import { expect, expectTypeOf, test } from 'vitest';
import {
  type LeanSession,
  type MuxError,
  type muxErrorCodes,
  MuxStream,
  type RawStream,
  Session,
  type Transport,
} from './support/internals.ts';

declare const session: Session;

test('a transport is a Duplex or a pair', () => {
  expectTypeOf<Socket>().toExtend<Transport>();
  expectTypeOf<{ readable: Readable; writable: Writable }>().toExtend<Transport>();
  expectTypeOf<Readable>().not.toExtend<Transport>();
});

test('a session requires a role, and refuses unknown options', () => {
  // @ts-expect-error no role
  new Session(new Duplex(), {});
  // @ts-expect-error no such role
  new Session(new Duplex(), { role: 'host' });
  // @ts-expect-error no such option
  new Session(new Duplex(), { role: 'client', windowSize: 1 });
});

test('streams are Duplexes of Buffers', () => {
  expectTypeOf<MuxStream>().toExtend<Duplex>();
  expectTypeOf(session.openStream()).toEqualTypeOf<MuxStream>();
  expectTypeOf(session.acceptStream()).resolves.toEqualTypeOf<MuxStream>();
  expectTypeOf<MuxStream[typeof Symbol.asyncIterator]>().returns.toExtend<AsyncIterable<Buffer>>();
});

test('only sessions can make streams', () => {
  // @ts-expect-error a private constructor
  expect(() => new MuxStream()).toThrow();
  expectTypeOf(session.openStream().session).toEqualTypeOf<Session>();
});

test('the main entry does not export the lean interface', () => {
  expectTypeOf<Session>().not.toHaveProperty('openRaw');
  expectTypeOf<Session>().not.toHaveProperty('feed');
  expectTypeOf<LeanSession>().toExtend<Session>();
  expectTypeOf<LeanSession['openRaw']>().returns.toEqualTypeOf<RawStream>();
  // @ts-expect-error an option of the lean interface
  new Session(new Duplex(), { role: 'client', onStream: () => {} });
});

test('error codes are a closed list', () => {
  expectTypeOf<keyof typeof muxErrorCodes>().toEqualTypeOf<MuxError['code']>();
  expectTypeOf<'MUX_STREAM_RESET'>().toExtend<MuxError['code']>();
  expectTypeOf<'MUX_NOPE'>().not.toExtend<MuxError['code']>();
});
