/** PROTOCOL 7: what a plugin announced it must do; what the host did not announce it must not. */
import type { Bench, Check, Running } from '../bench.ts';
import { textOf } from '../bench.ts';
import { demand, demandEqual, DoesNotApply } from '../verdict.ts';

const section = 'capabilities';

/** Starts with every known capability offered; the check applies where the plugin announced `word`. */
async function withCapability(bench: Bench, word: string): Promise<Running> {
  const running = await bench.ready({ capabilities: [word] });
  if (!running.line.capabilities.has(word)) throw new DoesNotApply(`the plugin does not announce ${word}`);
  return running;
}

export const capabilityChecks: Check[] = [
  {
    section,
    name: 'answers a cancelled call all the same, and early',
    run: async (bench) => {
      const connection = await bench.dispense(await withCapability(bench, 'cancel'));
      await bench.call(connection, 'sleep', 0);
      const id = connection.request('Plugin.sleep', [60_000]);
      connection.notify('$/cancel', [id]);
      await connection.response(id, 'an answer to the cancelled call');
    },
  },
  {
    section,
    name: 'takes no notice of a cancel that comes too late or for no call',
    run: async (bench) => {
      const connection = await bench.dispense(await withCapability(bench, 'cancel'));
      await bench.call(connection, 'echo', 1);
      connection.notify('$/cancel', [0]);
      connection.notify('$/cancel', [4_000_000_000]);
      demandEqual(await bench.call(connection, 'echo', 2), 2, 'the result of echo');
    },
  },
  {
    section,
    name: 'sends errors as maps with name and message to a host that announced errors',
    run: async (bench) => {
      const connection = await bench.dispense(await withCapability(bench, 'errors'));
      const { error } = await connection.call('Plugin.fail', 'as a map');
      bench.need('fail', error);
      const isMap = typeof error === 'object' && error !== null && 'name' in error && 'message' in error;
      demand(isMap, 'a map with name and message', JSON.stringify(error));
      demand(textOf(error).includes('as a map'), "the message 'as a map'", textOf(error));
    },
  },
];
