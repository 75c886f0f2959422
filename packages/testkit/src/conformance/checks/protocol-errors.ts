/**
 * Checks of section 4 of docs/protocol.md. A session must end if the host sends a frame that no yamux peer
 * may send. A valid frame that only looks invalid must not end the session.
 */
import { encodeFrame, SYN } from '../../wire/yamux.ts';
import { type Check, type Running } from '../bench.ts';
import { demand, demandEqual } from '../verdict.ts';

const section = 'mux and streams';

interface Breach {
  readonly what: string;
  /** Sends the invalid frames. */
  commit(running: Running): void;
}

const breaches: Breach[] = [
  {
    what: 'a frame of another version',
    commit: ({ plugin }) => {
      plugin.write(encodeFrame({ version: 1, type: 'ping', flags: SYN, length: 1 }));
    },
  },
  {
    what: 'a frame of an unknown type',
    commit: ({ plugin }) => {
      plugin.write(encodeFrame({ type: 4, flags: 0, id: 1 }));
    },
  },
  {
    what: 'a stream that the host opens with an even id',
    commit: ({ session }) => {
      session.send({ type: 'window-update', flags: SYN, id: 2 });
    },
  },
  {
    what: 'a second SYN for an open stream',
    commit: ({ session }) => {
      session.send({ type: 'window-update', flags: SYN, id: 1 });
    },
  },
  {
    what: 'data beyond the window of a stream',
    // The plugin never reads messages on this stream, so the only fault of the bytes is that they exceed the
    // window.
    commit: ({ stdout }) => {
      stdout.send(new Uint8Array(stdout.ourCredit + 1));
    },
  },
  {
    what: 'a frame for an unknown stream that claims more than the largest window',
    commit: ({ session }) => {
      session.send({ type: 'data', id: 9999, length: 0x7fff_ffff });
    },
  },
];

export const protocolErrorChecks: Check[] = [
  ...breaches.map(({ what, commit }): Check => ({
    section,
    name: `ends the session at ${what}, and sends go-away 1 or none`,
    run: async (bench) => {
      const running = await bench.ready();
      const { session, control } = running;
      await control.result('Control.Ping', true);
      commit(running);
      await session.untilOver(`go-away 1, or the end of descriptor 4, after ${what}`);
      demand(session.goAway === undefined || session.goAway === 1, 'go-away 1', String(session.goAway));
    },
  })),
  {
    section,
    name: 'ends the session at a go-away with the code of an error',
    run: async (bench) => {
      const { session, control, plugin } = await bench.ready();
      await control.result('Control.Ping', true);
      session.send({ type: 'go-away', length: 2 });
      await plugin.exit(undefined, ' of a go-away with code 2');
    },
  },
  {
    section,
    name: 'takes an empty data frame, and window updates without credit',
    run: async (bench) => {
      const { session, control } = await bench.ready();
      session.send({ type: 'data', id: 1 });
      session.send({ type: 'window-update', id: 1 });
      await control.result('Control.Ping', true);
      demandEqual(session.goAway, undefined, 'go-away');
    },
  },
  {
    section,
    name: 'takes no notice of flags that yamux does not define',
    run: async (bench) => {
      const { session, control } = await bench.ready();
      session.send({ type: 'window-update', flags: 0x8010, id: 1 });
      session.send({ type: 'data', flags: 0x8010, id: 1 });
      await control.result('Control.Ping', true);
      demandEqual(session.goAway, undefined, 'go-away');
    },
  },
];
