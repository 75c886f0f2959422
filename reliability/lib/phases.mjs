// The phases of a plugin's life in which either side can die, and how to enter each of them.
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Client } from '@pipework/core';
import { until } from './bounded.mjs';
import { patternStream } from './worker.mjs';

const file = fileURLToPath(new URL('../fixtures/plugin.mjs', import.meta.url));
export const pluginCommand = (conduct = 'serves') => [process.execPath, file, conduct];

/** Starts the client, and resolves with `{ worker }`, a dispensed worker. */
const dispensed = async (client) => (await client.client()).dispense('worker').then((worker) => ({ worker }));

/**
 * The phases, by name. `conduct` is the argument of fixtures/plugin.mjs. If the host will be killed,
 * `dyingHost` is used in place of `conduct`. `enter(client, said)` enters the phase, and resolves with the
 * promises that are pending in the phase, by name. `said(text)` resolves when the plugin has printed that
 * text.
 */
export const phases = {
  'before the handshake': {
    conduct: 'never-greets',
    dyingHost: 'slow-to-greet',
    enter: async (client, said) => {
      const pending = [
        { name: 'start', promise: client.start() },
        { name: 'client', promise: client.client() },
      ];
      await said('up');
      return pending;
    },
  },
  'in the handshake': {
    conduct: 'half-a-line',
    dyingHost: 'serves',
    enter: async (client, said, conduct) => {
      const pending = [{ name: 'start', promise: client.start() }];
      if (conduct === 'half-a-line') await said('up');
      else await until(5_000, 'a process', () => client.pid !== undefined);
      return pending;
    },
  },
  idle: {
    enter: async (client) => {
      await dispensed(client);
      return [];
    },
  },
  'in a call': {
    enter: async (client) => {
      const { worker } = await dispensed(client);
      const pending = [1, 2, 3].map((n) => ({ name: 'hang', promise: worker.hang({ n }) }));
      await worker.echo(1);
      return pending;
    },
  },
  'in a callback': {
    enter: async (client) => {
      const { worker } = await dispensed(client);
      let called;
      const inside = new Promise((resolve) => {
        called = resolve;
      });
      const pending = [
        { name: 'each', promise: worker.each([1, 2], () => (called(), new Promise(() => {}))) },
      ];
      await inside;
      return pending;
    },
  },
  'in a stream from the plugin': {
    enter: async (client) => {
      const { worker } = await dispensed(client);
      const reader = (await worker.produce(1e12)).getReader();
      for (let i = 0; i < 5; i++) await reader.read();
      const toTheEnd = async () => {
        while (!(await reader.read()).done);
      };
      return [{ name: 'produce', promise: toTheEnd() }];
    },
  },
  'in an iteration': {
    enter: async (client) => {
      const { worker } = await dispensed(client);
      const iterator = (await worker.count(1e9))[Symbol.asyncIterator]();
      await iterator.next();
      const toTheEnd = async () => {
        while (!(await iterator.next()).done);
      };
      return [{ name: 'count', promise: toTheEnd() }];
    },
  },
  'in a stream to the plugin': {
    enter: async (client) => {
      const { worker } = await dispensed(client);
      const promise = worker.digest(patternStream(1e12));
      await worker.echo(1);
      return [{ name: 'digest', promise }];
    },
  },
  'in an infinite loop': {
    enter: async (client, said) => {
      const { worker } = await dispensed(client);
      const pending = [{ name: 'spin', promise: worker.spin(Infinity, 'spinning') }];
      await said('spinning');
      return pending;
    },
  },
  'stopped by SIGSTOP': {
    enter: async (client) => {
      const { worker } = await dispensed(client);
      process.kill(client.pid, 'SIGSTOP');
      return [{ name: 'echo', promise: worker.echo(1) }];
    },
  },
  'in shutdown': {
    conduct: 'slow-to-shut-down',
    enter: async (client, said) => {
      const { worker } = await dispensed(client);
      const hang = worker.hang();
      hang.catch(() => {}); // The call may reject before `said` resolves.
      const killed = client.kill();
      await said('shutting down');
      return [
        { name: 'hang', promise: hang },
        { name: 'kill', promise: killed, resolves: true },
      ];
    },
  },
};

/**
 * Brings a new client into the phase. Resolves with `{ client, pid, pending }`. The promises in `pending`
 * have no handler yet, so the caller must attach one immediately.
 */
export async function enter(phase, { conduct = phase.conduct, ...config } = {}) {
  let heard = '';
  let listen = () => {};
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      heard += chunk;
      listen();
      done();
    },
  });
  const said = (text) =>
    new Promise((resolve) => {
      listen = () => heard.includes(text) && resolve();
      listen();
    });
  const client = new Client({ cmd: pluginCommand(conduct), ...config, stdout });
  const pending = await phase.enter(client, said, conduct);
  return { client, pid: client.pid, pending };
}

/** True while the process exists and is not a zombie that waits for its parent. */
export function isAlive(pid, readStat) {
  try {
    return !/\) Z /.test(readStat(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}
