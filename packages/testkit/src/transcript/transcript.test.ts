import { expect, test } from 'vitest';
import { encode } from '../wire/msgpack.ts';
import { ACK, encodeFrame, RST, SYN } from '../wire/yamux.ts';
import { Transcript } from './transcript.ts';

const text = (line: string) => new TextEncoder().encode(line);
const withoutTimes = (transcript: Transcript) => transcript.toString().replaceAll(/^ *\d+\.\d ms  /gm, '');

test('shows the handshake, frames and messages as people say them', () => {
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

test('shows a message on the frame that makes it whole', () => {
  const transcript = new Transcript();
  const message = encode([0, 1, 'Control.Ping', [true]]);
  transcript.saw('toPlugin', encodeFrame({ type: 'data', id: 1, payload: message.subarray(0, 5) }));
  transcript.saw('toPlugin', encodeFrame({ type: 'data', id: 1, payload: message.subarray(5) }));
  const [first, second] = transcript.entries;
  expect(first?.text).not.toContain('request');
  expect(second?.text).toContain('request 1 Control.Ping(true)');
});

test('shows bytes that are no frames and no messages as bytes', () => {
  const transcript = new Transcript();
  transcript.saw('toHost', text('1|pipe|3,4\nHTTP/1.1 400 Bad Request\r\n'));
  expect(transcript.toString()).toContain('version 72!');
  const other = new Transcript();
  other.saw('toPlugin', encodeFrame({ type: 'data', id: 1, payload: Uint8Array.of(0xc1, 0xff) }));
  expect(other.toString()).toContain('<2 bytes c1 ff>');
});

test('keeps the newest lines and says how many it left out', () => {
  const transcript = new Transcript(2);
  for (let value = 0; value < 5; value++)
    transcript.saw('toPlugin', encodeFrame({ type: 'ping', length: value }));
  expect(transcript.toString()).toContain('3 earlier lines left out');
  expect(transcript.entries.map(({ text }) => text)).toEqual(['Ping #3', 'Ping #4']);
});

test('shows a large message by its beginning, and says how much more there is', () => {
  const transcript = new Transcript();
  const rows = Array.from({ length: 5000 }, () => 0);
  const payload = encode([0, 1, 'Plugin.add', [rows]]);
  transcript.saw('toPlugin', encodeFrame({ type: 'data', id: 1, payload }));
  expect(transcript.toString()).toContain(
    'request 1 Plugin.add([ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, … 4988 more ])',
  );
});

test('records nothing if it keeps nothing, and still hands on what came', () => {
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

test('reports the lines that say something, up to the end that the kit makes', () => {
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

test('reports no more lines than a person reads', () => {
  const transcript = new Transcript();
  for (let value = 0; value < 100; value++)
    transcript.saw('toPlugin', encodeFrame({ type: 'ping', length: value }));
  const lines = transcript.report().split('\n');
  expect(lines).toHaveLength(61);
  expect(lines[0]).toBe('(40 earlier lines left out; transcript() has them)');
  expect(lines[60]).toContain('Ping #99');
});
