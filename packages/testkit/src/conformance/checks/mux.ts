/** Checks of sections 4 and 5 of docs/protocol.md: frames, windows, streams. */
import { encodeFrame, initialWindow, SYN } from '../../wire/yamux.ts';
import { encode } from '../../wire/msgpack.ts';
import { idBytes, requestBytes, type Check } from '../bench.ts';
import { pause } from '../raw-plugin.ts';
import { RawConnection, resultOf } from '../raw-connection.ts';
import { openingCredit } from '../raw-session.ts';
import { demand, demandEqual } from '../verdict.ts';
import { patternBytes } from './calls.ts';

const section = 'mux and streams';

export const muxChecks: Check[] = [
  {
    section,
    name: 'acknowledges each of the three first streams once',
    run: async (bench) => {
      const { session, control, stdout, stderr } = await bench.ready();
      const first = [control.stream, stdout, stderr];
      await session.until(
        () => first.every(({ acks }) => acks > 0),
        'an acknowledgement of streams 1, 3 and 5',
      );
      await control.result('Control.Ping', true);
      demandEqual(
        first.map(({ acks }) => acks),
        [1, 1, 1],
        'acknowledgements of streams 1, 3 and 5',
      );
    },
  },
  {
    section,
    name: 'acknowledges a later stream once',
    run: async (bench) => {
      const running = await bench.ready();
      const connection = await bench.dispense(running);
      await bench.call(connection, 'echo', 0);
      const { stream } = connection;
      await running.session.until(() => stream.acks > 0, 'an acknowledgement of a stream with a broker id');
      await running.control.result('Control.Ping', true);
      demandEqual(stream.acks, 1, 'acknowledgements of a stream with a broker id');
    },
  },
  {
    section,
    name: 'answers a ping of the mux with its value',
    run: async (bench) => {
      const { session } = await bench.ready();
      session.send({ type: 'ping', flags: SYN, length: 0xdecafbad });
      await session.until(() => session.pongs.length > 0, 'an answer to the ping');
      demandEqual(session.pongs, [0xdecafbad], 'the values of the answers');
    },
  },
  {
    section,
    name: 'reads frames however their bytes are split',
    run: async (bench) => {
      const { control, plugin } = await bench.ready();
      control.expect(0, 'Control.Ping');
      for (const byte of encodeFrame({
        type: 'data',
        id: 1,
        payload: requestBytes(0, 'Control.Ping', [true]),
      })) {
        plugin.write(Uint8Array.of(byte));
        await pause(1);
      }
      resultOf('Control.Ping', await control.response(0));
    },
  },
  {
    section,
    name: 'reads many frames out of one write',
    run: async (bench) => {
      const { session, control, plugin } = await bench.ready();
      const calls = Array.from({ length: 50 }, (_, id) =>
        encodeFrame({ type: 'data', id: 1, payload: requestBytes(id, 'Control.Ping', [true]) }),
      );
      control.expect(49, 'Control.Ping');
      plugin.write(Buffer.concat(calls));
      await session.until(() => control.responses.size === 50, 'answers to 50 calls');
    },
  },
  {
    section,
    name: 'skips a frame for a stream that it does not know',
    run: async (bench) => {
      const { session, control } = await bench.ready();
      session.send({ type: 'data', id: 9999, payload: new Uint8Array(1000) });
      session.send({ type: 'window-update', id: 9999, length: 1000 });
      await control.result('Control.Ping', true);
      demandEqual(session.goAway, undefined, 'go-away');
    },
  },
  {
    section,
    name: 'takes SYN, broker id, a call and FIN in one data frame, and answers before its own FIN',
    run: async (bench) => {
      const running = await bench.ready();
      const id = await bench.dispenseId(running);
      const first = Buffer.concat([idBytes(id), requestBytes(0, 'Plugin.echo', ['all at once'])]);
      const stream = running.session.openFinished(first);
      const connection = new RawConnection(stream);
      connection.expect(0, 'Plugin.echo');
      const response = await connection.response(0);
      bench.need('echo', response.error);
      demandEqual(resultOf('Plugin.echo', response), 'all at once', 'the result of echo');
      await running.session.until(() => stream.hasFinished, 'FIN on the stream after its last answer');
      // HashiCorp's own yamux sends no acknowledgement if FIN arrives before the stream is accepted. That is
      // allowed, because the plugin's first frame on a stream counts as an acknowledgement.
      demand(stream.acks <= 1, 'at most one acknowledgement of the stream', String(stream.acks));
    },
  },
  {
    section,
    name: 'takes the broker id in pieces',
    run: async (bench) => {
      const running = await bench.ready();
      const bytes = idBytes(await bench.dispenseId(running));
      const stream = running.session.open();
      for (const byte of bytes) {
        stream.send(Uint8Array.of(byte));
        await pause(1);
      }
      demandEqual(await bench.call(new RawConnection(stream), 'echo', 1), 1, 'the result of echo');
    },
  },
  {
    section,
    name: 'takes a data frame as long as its window',
    run: async (bench) => {
      const running = await bench.ready();
      const echo = await bench.dispense(running);
      await bench.call(echo, 'echo', 0);
      const value = patternBytes(initialWindow - 2000);
      const response = await echo.callLarge('Plugin.echo', [value], initialWindow);
      demandEqual(resultOf('Plugin.echo', response), value, 'the result of echo');
    },
  },
  {
    section,
    name: 'sends no more than its credit allows, and goes on when more is granted',
    run: async (bench) => {
      const running = await bench.ready();
      const connection = await bench.dispense(running);
      const { stream } = connection;
      stream.autoCredit = false;
      const id = connection.request('Plugin.bytes', [1024 * 1024]);
      const whole = (): boolean => stream.receivedBytes >= initialWindow;
      const { session } = running;
      await session.until(
        () => whole() || connection.responses.has(id),
        `${String(initialWindow)} bytes of the answer`,
      );
      const early = connection.responses.get(id);
      if (early !== undefined) bench.need('bytes', early.error);
      // If the plugin has sent more bytes than its credit allows, these bytes arrive before the answer to
      // this Ping.
      await running.control.result('Control.Ping', true);
      demandEqual(stream.receivedBytes, initialWindow, 'the bytes sent without further credit');
      stream.autoCredit = true;
      stream.grant(initialWindow);
      const result = resultOf('Plugin.bytes', await connection.response(id));
      demandEqual(result, patternBytes(1024 * 1024), 'the bytes');
    },
  },
  {
    section,
    name: 'uses the credit that comes with the SYN of a stream',
    run: async (bench) => {
      const running = await bench.ready();
      const { session } = running;
      const id = await bench.dispenseId(running);
      const stream = session.openWide();
      stream.autoCredit = false;
      stream.send(idBytes(id));
      const connection = new RawConnection(stream);
      // The result fills the window, except for 100 bytes. These leave room for the header of the answer.
      const size = initialWindow + openingCredit - 100;
      demandEqual(await bench.call(connection, 'bytes', size), patternBytes(size), 'the bytes');
    },
  },
  {
    section,
    name: 'grants credit for the bytes that it has taken, so that a call of any size arrives',
    run: async (bench) => {
      const running = await bench.ready();
      const connection = await bench.dispense(running);
      const value = patternBytes(3 * 1024 * 1024);
      const response = await connection.callLarge('Plugin.echo', [value]);
      bench.need('echo', response.error);
      demandEqual(resultOf('Plugin.echo', response), value, 'the result of echo');
    },
  },
  {
    section,
    name: 'finishes a stream after the host has finished it and the running calls are answered',
    run: async (bench) => {
      const running = await bench.ready();
      const connection = await bench.dispense(running);
      await bench.call(connection, 'sleep', 0);
      const id = connection.request('Plugin.sleep', [100]);
      connection.stream.finish();
      resultOf('Plugin.sleep', await connection.response(id));
      await running.session.until(
        () => connection.stream.hasFinished,
        'FIN on the stream after its last answer',
      );
    },
  },
  {
    section,
    name: 'goes on with the other streams when one is reset',
    run: async (bench) => {
      const running = await bench.ready();
      const [one, other] = [await bench.dispense(running), await bench.dispense(running)];
      await bench.call(one, 'sleep', 0);
      one.request('Plugin.sleep', [50]);
      one.stream.reset();
      await bench.call(other, 'sleep', 100);
      await running.control.result('Control.Ping', true);
    },
  },
  {
    section,
    name: 'drops a stream that one frame opens and resets, and goes on',
    run: async (bench) => {
      const running = await bench.ready();
      const { session, control } = running;
      const id = await bench.dispenseId(running);
      const dropped = [
        session.openReset(),
        session.openReset(Buffer.concat([idBytes(id), requestBytes(0, 'Plugin.echo', ['dropped'])])),
      ];
      // The plugin must ignore the broker id in the payload of the reset frame. So that id must still be
      // valid.
      const connection = bench.dial(session, id);
      demandEqual(await bench.call(connection, 'echo', 'still here'), 'still here', 'the result of echo');
      await control.result('Control.Ping', true);
      demandEqual(
        dropped.map(({ receivedBytes }) => receivedBytes),
        [0, 0],
        'the bytes received on the streams that were reset',
      );
      demandEqual(session.goAway, undefined, 'go-away');
    },
  },
  {
    section,
    name: 'goes on with open streams after a go-away',
    run: async (bench) => {
      const { session, control } = await bench.ready();
      await control.result('Control.Ping', true);
      session.send({ type: 'go-away', length: 0 });
      await control.result('Control.Ping', true);
    },
  },
  {
    section,
    name: 'serves two hundred streams at the same time',
    run: async (bench) => {
      const running = await bench.ready();
      const connections: RawConnection[] = [];
      for (let i = 0; i < 200; i++) connections.push(await bench.dispense(running));
      const results = await Promise.all(
        connections.map((connection, i) => bench.call(connection, 'echo', i)),
      );
      demandEqual(
        results,
        connections.map((_, i) => i),
        'the results',
      );
    },
  },
  {
    section,
    name: 'serves other streams while a message is incomplete',
    run: async (bench) => {
      const running = await bench.ready();
      const [slow, other] = [await bench.dispense(running), await bench.dispense(running)];
      const message = encode([0, 0, 'Plugin.echo', ['in two parts']]);
      slow.expect(0, 'Plugin.echo');
      slow.stream.send(message.subarray(0, 7));
      demandEqual(
        await bench.call(other, 'echo', 'meanwhile'),
        'meanwhile',
        'the result on the other stream',
      );
      demand(!slow.responses.has(0), 'no answer to half a message', 'one');
      slow.stream.send(message.subarray(7));
      demandEqual(resultOf('Plugin.echo', await slow.response(0)), 'in two parts', 'the result of echo');
    },
  },
];
