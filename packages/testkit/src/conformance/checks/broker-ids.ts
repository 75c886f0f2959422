/**
 * Checks of section 5 of docs/protocol.md: the broker ids with which every stream after the first three
 * begins, and how long these ids are valid.
 */
import { initialWindow } from '../../wire/yamux.ts';
import { idBytes, requestBytes, type Check } from '../bench.ts';
import { pause } from '../raw-plugin.ts';
import { RawConnection, resultOf } from '../raw-connection.ts';
import type { RawSession } from '../raw-session.ts';
import type { RawStream } from '../raw-stream.ts';
import { realNow } from '../../real-time.ts';
import { CheckFailure, demand, demandEqual, DoesNotApply } from '../verdict.ts';

const section = 'mux and streams';

/**
 * If a stream brings no valid broker id, a plugin refuses the stream after five seconds. On any machine, a
 * refusal before `earliestMs` is too early. A refusal may come as late as `latestMs`, because the machine may
 * be busy.
 */
const earliestMs = 4_000;
const latestMs = 20_000;

async function demandRefusal(session: RawSession, stream: RawStream, what: string): Promise<number> {
  const started = realNow();
  await session.until(() => stream.isRefused, `a reset or the end of ${what}`, latestMs);
  return realNow() - started;
}

async function demandPatientRefusal(session: RawSession, stream: RawStream, what: string): Promise<void> {
  const ms = await demandRefusal(session, stream, what);
  demand(
    ms >= earliestMs,
    `${what} to be held for five seconds`,
    `its end after ${String(Math.round(ms))} ms`,
  );
}

const tooBusy = 'the machine was too busy to tell';

/** An id that no plugin hands out in a check. */
const unknownId = 987_654;
const manyStreams = 300;
const heldStreams = 256;

export const brokerChecks: Check[] = [
  {
    section,
    name: 'numbers its broker ids from 1, and hands out each id only once',
    run: async (bench) => {
      const running = await bench.ready();
      const ids = [await bench.dispenseId(running), await bench.dispenseId(running)];
      const [stream] = ids.map((id) => bench.dial(running.session, id).stream);
      stream?.finish();
      await running.session.until(() => stream?.isRefused === true, 'FIN on a stream that the host finished');
      ids.push(await bench.dispenseId(running));
      demandEqual(ids, [1, 2, 3], 'the first three broker ids');
    },
  },
  {
    section,
    name: 'holds a stream whose broker id it hands out a moment later',
    run: async (bench) => {
      const running = await bench.ready();
      const early = bench.dial(running.session, 1);
      const call = early.call('Plugin.echo', 'early');
      await running.control.result('Control.Ping', true);
      demandEqual(await bench.dispenseId(running), 1, 'the first broker id');
      const response = await call;
      bench.need('echo', response.error);
      demandEqual(resultOf('Plugin.echo', response), 'early', 'the result of echo');
    },
  },
  {
    section,
    long: 'waits',
    // The plugin may send pings, and this check answers none. The protocol turns keep-alive off, so a plugin
    // must not end the session because of a missing answer.
    name: 'keeps a dispensed broker id for 20 seconds and forgets it after 30, and outlives a host that answers no ping',
    run: async (bench) => {
      const running = await bench.ready();
      running.session.answersPings = false;
      const before = realNow();
      const [kept, forgotten] = [await bench.dispenseId(running), await bench.dispenseId(running)];
      await pause(20_000);
      try {
        const result = await bench.call(bench.dial(running.session, kept), 'echo', 'kept');
        demandEqual(result, 'kept', 'the result of echo');
      } catch (error) {
        // The plugin may read the stream so late that it has rightly forgotten the id. In that case the
        // plugin refuses the stream five seconds later.
        if (error instanceof CheckFailure && realNow() - before > 34_000) throw new DoesNotApply(tooBusy);
        throw error;
      }
      await pause(12_000);
      const stream = running.session.open(
        Buffer.concat([idBytes(forgotten), requestBytes(0, 'Plugin.echo', ['late'])]),
      );
      const late = new RawConnection(stream);
      late.expect(0, 'Plugin.echo');
      // The plugin must answer a call on a new stream, but not the call on `late`.
      await bench.call(await bench.dispense(running), 'echo', 'behind');
      await pause(500);
      demandEqual(
        late.responses.size,
        0,
        'the number of answers on a stream whose broker id was handed out 32 s earlier',
      );
      await running.control.result('Control.Ping', true);
    },
  },
  {
    section,
    long: 'waits',
    name: 'refuses, after five seconds, a stream whose broker id it never gave out',
    run: async (bench) => {
      const { session, control } = await bench.ready();
      await control.result('Control.Ping', true);
      await demandPatientRefusal(
        session,
        session.open(idBytes(unknownId)),
        'a stream with an unknown broker id',
      );
      await control.result('Control.Ping', true);
    },
  },
  {
    section,
    long: 'waits',
    name: 'refuses, after five seconds, a stream on which no broker id arrives',
    run: async (bench) => {
      const { session, control } = await bench.ready();
      await control.result('Control.Ping', true);
      const [silent, half] = [session.open(), session.open(Uint8Array.of(0, 0))];
      await Promise.all([
        demandPatientRefusal(session, silent, 'a stream without a broker id'),
        demandPatientRefusal(session, half, 'a stream with half a broker id'),
      ]);
      await control.result('Control.Ping', true);
    },
  },
  {
    section,
    long: 'waits',
    name: 'takes a broker id only once',
    run: async (bench) => {
      const running = await bench.ready();
      const id = await bench.dispenseId(running);
      await bench.call(bench.dial(running.session, id), 'echo', 1);
      const again = bench.dial(running.session, id);
      again.request('Plugin.echo', [2]);
      await demandRefusal(running.session, again.stream, 'a second stream with the same broker id');
      demandEqual(again.responses.size, 0, 'the number of answers on the second stream');
      await running.control.result('Control.Ping', true);
    },
  },
  {
    section,
    long: 'waits',
    name: `holds ${String(heldStreams)} streams whose ids it never gave out, and refuses the newest if there are more`,
    run: async (bench) => {
      for (let tries = 0; tries < 3; tries++) {
        const { session, control } = await bench.ready();
        await control.result('Control.Ping', true);
        const started = realNow();
        const streams = Array.from({ length: manyStreams }, (_, i) => session.open(idBytes(unknownId + i)));
        await control.result('Control.Ping', true);
        // The machine may be so busy that the five seconds of the oldest stream end before the plugin reads
        // the newest stream. In that case this try proves nothing.
        if (realNow() - started > earliestMs / 2) continue;
        const refused = (): RawStream[] => streams.filter((stream) => stream.isRefused);
        const surplus = manyStreams - heldStreams;
        await session.until(
          () => refused().length >= surplus,
          `the end of ${String(surplus)} streams`,
          latestMs,
        );
        const isOldestHeld = streams[0]?.isRefused === false;
        demand(isOldestHeld, 'the oldest stream to be held when the newest are refused', 'its end');
        await control.result('Control.Ping', true);
        const ended = refused().length;
        // After `earliestMs`, `ended` may also count streams whose five seconds are over. In that case this
        // try proves nothing.
        if (realNow() - started > earliestMs) continue;
        demandEqual(ended, surplus, 'the number of refused streams');
        return;
      }
      throw new DoesNotApply(tooBusy);
    },
  },
  {
    section,
    long: 'waits',
    name: 'grants no credit on a stream before it hands out the broker id',
    run: async (bench) => {
      const { session, control } = await bench.ready();
      await control.result('Control.Ping', true);
      const stream = session.open(idBytes(unknownId));
      const whole = Math.min(stream.ourCredit, initialWindow - 4);
      for (let sent = 0; sent < whole; sent += 32_768)
        stream.send(new Uint8Array(Math.min(32_768, whole - sent)));
      await session.until(() => stream.isRefused, 'a reset or the end of the stream', latestMs);
      // The plugin may return credit for bytes that it read together with the id, but not for later bytes.
      demand(
        stream.grantedBytes <= 65_536,
        'no credit for the bytes after the broker id',
        `credit for ${String(stream.grantedBytes)} bytes`,
      );
    },
  },
];
