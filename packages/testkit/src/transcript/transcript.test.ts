import { expect, test } from 'vitest';
import { encode } from '../wire/msgpack.ts';
import { ACK, encodeFrame, RST, SYN } from '../wire/yamux.ts';
import type { Direction } from './stream-reader.ts';
import { Transcript } from './transcript.ts';

const text = (line: string) => new TextEncoder().encode(line);
const withoutTimes = (transcript: Transcript) => transcript.toString().replaceAll(/^ *\d+\.\d ms  /gm, '');

test('the transcript shows the handshake, frames and messages in words', () => {
  const transcript = new Transcript();
  transcript.saw('toHost', text('1|pipe|3,4|msg'));
  transcript.saw('toHost', text('pack-rpc|1||1\n'));
  transcript.saw('toPlugin', encodeFrame({ type: 'window-update', flags: SYN, id: 1 }));
  transcript.saw('toHost', encodeFrame({ type: 'window-update', flags: ACK, id: 1 }));
  const call = encode([0, 7, 'Dispenser.Dispense', ['greeter']]);
  transcript.saw('toPlugin', encodeFrame({ type: 'data', id: 1, payload: call }));
  transcript.saw('toHost', encodeFrame({ type: 'data', id: 1, payload: encode([1, 7, null, 1]) }));
  transcript.saw('toHost', encodeFrame({ type: 'data', id: 3, payload: text('hello\n') }));
  const opening = Buffer.concat([Uint8Array.of(0, 0, 0, 1), encode([0, 1, 'Plugin.greet', ['world']])]);
  transcript.saw('toPlugin', encodeFrame({ type: 'data', flags: SYN, id: 7, payload: opening }));
  transcript.saw(
    'toHost',
    encodeFrame({ type: 'data', id: 7, payload: encode([1, 1, 'no such person', null]) }),
  );
  transcript.note('toHost', 'end of file');
  expect(
    withoutTimes(transcript)
      .split('\n')
      .map((line) => line.replaceAll(/ +/g, ' ').trim()),
  ).toEqual([
    'plugin → host handshake 1|pipe|3,4|msgpack-rpc|1||1',
    'host → plugin #1 control WindowUpdate SYN +0',
    'plugin → host #1 control WindowUpdate ACK +0',
    `host → plugin #1 control Data 31 B request 7 Dispenser.Dispense('greeter')`,
    'plugin → host #1 control Data 5 B response 7 1',
    'plugin → host #3 stdout Data 6 B "hello\\n"',
    `host → plugin #7 Data SYN 27 B broker id 1 request 1 Plugin.greet('world')`,
    `plugin → host #7 Data 19 B response 1 failed: 'no such person'`,
    'plugin → host end of file',
  ]);
});

test('the transcript shows a message on the frame that completes it', () => {
  const transcript = new Transcript();
  const message = encode([0, 1, 'Control.Ping', [true]]);
  transcript.saw('toPlugin', encodeFrame({ type: 'data', id: 1, payload: message.subarray(0, 5) }));
  transcript.saw('toPlugin', encodeFrame({ type: 'data', id: 1, payload: message.subarray(5) }));
  const [first, second] = transcript.entries;
  expect(first?.text).not.toContain('request');
  expect(second?.text).toContain('request 1 Control.Ping(true)');
});

test('the transcript shows bytes that are neither frames nor messages as bytes', () => {
  const transcript = new Transcript();
  transcript.saw('toHost', text('1|pipe|3,4\nHTTP/1.1 400 Bad Request\r\n'));
  expect(transcript.toString()).toContain('version 72!');
  const other = new Transcript();
  other.saw('toPlugin', encodeFrame({ type: 'data', id: 1, payload: Uint8Array.of(0xc1, 0xff) }));
  expect(other.toString()).toContain('<2 bytes c1 ff>');
});

test('the transcript keeps the newest lines, and says how many it left out', () => {
  const transcript = new Transcript(2);
  for (let value = 0; value < 5; value++)
    transcript.saw('toPlugin', encodeFrame({ type: 'ping', length: value }));
  expect(transcript.toString()).toContain('3 earlier lines left out');
  expect(transcript.entries.map(({ text }) => text)).toEqual(['Ping #3', 'Ping #4']);
});

test('the transcript shows the beginning of a large message, and says how much is left out', () => {
  const transcript = new Transcript();
  const rows = Array.from({ length: 5000 }, () => 0);
  const payload = encode([0, 1, 'Plugin.add', [rows]]);
  transcript.saw('toPlugin', encodeFrame({ type: 'data', id: 1, payload }));
  expect(transcript.toString()).toContain(
    'request 1 Plugin.add([ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, … 4988 more ])',
  );
});

test('a transcript that keeps no lines records nothing, but passes payloads to onData', () => {
  const transcript = new Transcript(0);
  const heard: [number, string][] = [];
  transcript.onData = (stream, payload) => heard.push([stream, Buffer.from(payload).toString()]);
  transcript.saw('toHost', text('1|pipe|3,4\n'));
  transcript.saw('toHost', encodeFrame({ type: 'data', id: 3, payload: text('printed') }));
  transcript.note('toHost', 'end of file');
  expect(heard).toEqual([[3, 'printed']]);
  expect(transcript.toString()).toBe('');
  expect(transcript.entries).toEqual([]);
});

test('the report leaves out credit, parts of messages that are completed later, and everything after stop()', () => {
  const transcript = new Transcript();
  const call = encode([0, 1, 'Plugin.add', [1]]);
  transcript.saw('toHost', text('1|pipe|3,4\n'));
  transcript.saw('toPlugin', encodeFrame({ type: 'window-update', flags: SYN, id: 7 }));
  transcript.saw('toPlugin', encodeFrame({ type: 'data', id: 7, payload: Uint8Array.of(0, 0, 0, 1) }));
  transcript.saw('toPlugin', encodeFrame({ type: 'data', id: 7, payload: call.subarray(0, 5) }));
  transcript.saw('toPlugin', encodeFrame({ type: 'data', id: 7, payload: call.subarray(5) }));
  transcript.saw('toHost', encodeFrame({ type: 'data', id: 7, payload: Uint8Array.of(0x94) }));
  transcript.saw('toHost', encodeFrame({ type: 'window-update', flags: RST, id: 9 }));
  transcript.stop();
  transcript.saw('toPlugin', encodeFrame({ type: 'go-away' }));
  expect(
    transcript
      .report()
      .replaceAll(/^ *\d+\.\d ms  | {2,}/gm, ' ')
      .split('\n'),
  ).toEqual([
    ' plugin → host handshake 1|pipe|3,4',
    ' host → plugin #7 Data 4 B broker id 1',
    ` host → plugin #7 Data ${String(call.length - 5)} B request 1 Plugin.add(1)`,
    ' plugin → host #7 Data 1 B',
    ' plugin → host #9 WindowUpdate RST +0',
  ]);
  expect(transcript.toString()).not.toContain('GoAway');
});

test('the report has the newest 60 lines, and says how many it left out', () => {
  const transcript = new Transcript();
  for (let value = 0; value < 100; value++)
    transcript.saw('toPlugin', encodeFrame({ type: 'ping', length: value }));
  const lines = transcript.report().split('\n');
  expect(lines).toHaveLength(61);
  expect(lines[0]).toBe('(40 earlier lines left out; transcript() has them)');
  expect(lines[60]).toContain('Ping #99');
});

/**
 * Returns the bytes of a session, in pieces. The frames of the session hold one message, several messages, a
 * part of a message, and a message that is not shown whole.
 */
function conversation(): [Direction, Uint8Array][] {
  const call = (id: number, ...params: unknown[]) => encode([0, id, 'Plugin.add', params]);
  const frame = (payload: Uint8Array) => encodeFrame({ type: 'data', id: 7, payload });
  const large = call(
    4,
    Array.from({ length: 2_000 }, () => 'text'),
    { deep: [[[]]] },
  );
  return [
    ['toHost', text('1|pipe|3,4\n')],
    ['toPlugin', frame(Uint8Array.of(0, 0, 0, 1))],
    ['toPlugin', frame(Buffer.concat([call(0, 1), call(1, {}), call(2, new Uint8Array(700)), call(3)]))],
    ['toHost', frame(encode([1, 0, null, 'x'.repeat(300)]))],
    ['toPlugin', frame(Buffer.concat([call(3, -1.5), large.subarray(0, 900)]))],
    ['toPlugin', frame(large.subarray(900, 5_000))],
    ['toPlugin', frame(Buffer.concat([large.subarray(5_000), call(5), call(6).subarray(0, 1)]))],
    ['toPlugin', frame(call(6).subarray(1))],
    ['toHost', frame(Buffer.concat([1, 2, 3].map((id) => encode([1, id, null, id]))))],
  ];
}

test('the transcript is the same however the bytes of the session are split', () => {
  const record = (size: number) => {
    const transcript = new Transcript();
    for (const [direction, bytes] of conversation())
      for (let at = 0; at < bytes.length; at += size)
        transcript.saw(direction, bytes.subarray(at, at + size));
    return withoutTimes(transcript);
  };
  const whole = record(Number.POSITIVE_INFINITY);
  expect(whole.match(/request \d/g)).toEqual([0, 1, 2, 3, 3, 4, 5, 6].map((id) => `request ${String(id)}`));
  expect(whole.match(/response \d/g)).toHaveLength(4);
  for (const size of [1, 2, 3, 7, 64, 1_000]) expect(record(size)).toBe(whole);
});

test('the transcript is the same whether it is read during the session or at its end', () => {
  const small = encodeFrame({ type: 'data', id: 7, payload: encode([2, 'Plugin.note', ['x'.repeat(900)]]) });
  const record = (look: (transcript: Transcript) => unknown) => {
    const transcript = new Transcript(30);
    for (const [direction, bytes] of conversation()) {
      transcript.saw(direction, bytes);
      look(transcript);
      transcript.note('toHost', 'stalled');
    }
    // These bytes do not fit the backlog, so some are decoded before the transcript is read.
    for (let count = 0; count < 1_200; count++) transcript.saw('toPlugin', small);
    for (const [direction, bytes] of conversation().slice(2)) transcript.saw(direction, bytes);
    look(transcript);
    return withoutTimes(transcript);
  };
  const lookedAt = record(({ entries }) => entries);
  expect(record(() => undefined)).toBe(lookedAt);
  expect(lookedAt.match(/notification Plugin.note/g)).toHaveLength(23);
  expect(lookedAt).toContain('1195 earlier lines left out');
});

test('the transcript keeps all events in order, although it reads the bytes later', () => {
  const transcript = new Transcript(10_000);
  const ping = (length: number) => encodeFrame({ type: 'ping', length });
  transcript.saw('toPlugin', ping(1));
  transcript.note('toPlugin', 'stalled');
  transcript.saw('toPlugin', ping(2));
  transcript.saw('toPlugin', Buffer.concat(Array.from({ length: 6_000 }, () => ping(3))));
  transcript.saw('toPlugin', ping(4));
  const texts = transcript.entries.map(({ text }) => text);
  expect(texts.filter((text) => text !== 'Ping #3')).toEqual(['Ping #1', 'stalled', 'Ping #2', 'Ping #4']);
  expect(texts.indexOf('Ping #4')).toBe(6_003);
});
