// Sends records to the child and gets them back. `records` sends 1,000 records in each call, one call at a
// time. `objects` sends one record in each call, with many calls in flight. The floor sends as many bytes as
// the records have in MessagePack.
import { inFlight } from '../lib/loops.mjs';
import { checkRecords, makeRecords } from '../lib/values.mjs';
import { flightMetrics, measureFlight } from './flight.mjs';

export const records = {
  name: 'records',
  title: '1,000 records each way',
  group: 'calls',
  cores: 'two',
  needs: 'records',
  metrics: [{ key: 'rate', title: 'calls/s', unit: '/s', better: 'high' }],
  async run({ peer, time, warmup }) {
    const call = await echo(peer, makeRecords(1000));
    // A call with 1,000 records takes 10 to 100 times as long as other calls. So fewer calls run in the same
    // time, V8 compiles the code later, and the warm-up must be longer.
    await inFlight(call, 1, 2 * warmup);
    const { rate } = await inFlight(call, 1, time);
    return { rate };
  },
};

/** Makes typical calls, each of which sends an object of a few fields and gets it back. */
export const objects = {
  name: 'objects',
  title: '64 calls with an object each way, one core',
  group: 'calls',
  cores: 'one',
  needs: 'records',
  metrics: flightMetrics,
  run: async (context) => measureFlight(await echo(context.peer, makeRecords(1)), 64, context),
};

function echo(peer, list) {
  return peer.recordsAsBytes ? echoEncoded(peer, list) : echoRecords(peer, list);
}

function echoRecords(peer, list) {
  return async () => checkRecords(list, await peer.records(list));
}

async function echoEncoded(peer, list) {
  const { Packr } = await import('msgpackr');
  const encoded = new Packr({ useRecords: false }).pack(list);
  return async () => {
    const back = await peer.records(encoded);
    if (back.length !== encoded.length)
      throw new Error(`${encoded.length} bytes came back as ${back.length}`);
  };
}
