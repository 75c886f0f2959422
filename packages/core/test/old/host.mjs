// A host that uses only features that 0.1.0 and all later versions have. It uses the version of core that its
// folder resolves. `versions.long.test.ts` runs it here, with this version, and copies it beside an installed 0.1.0.
// Its argument is the plugin's program. It writes one line of JSON with the outcome of each use.
import { text } from 'node:stream/consumers';
import { Writable } from 'node:stream';
import { Client } from '@pipework/core';

const printed = [];
const syncStdout = new Writable({
  write(chunk, _encoding, done) {
    printed.push(String(chunk));
    done();
  },
});
const start = (more = {}) =>
  new Client({ cmd: [process.execPath, process.argv[2]], stdin: 'ignore', syncStdout, ...more });
const failure = (promise) => promise.then(() => undefined, ({ name, code, message, path }) => ({ name, code, message, path })); // prettier-ignore
const codeOf = async (promise) => (await failure(promise))?.code;

const client = start();
const rpc = await client.client();
const worker = await rpc.dispense('worker');
const outcomes = {};
const record = { id: 1, name: 'a', at: new Date(0) };
const values = {
  records: Array.from({ length: 50 }, (_, n) => ({ ...record, id: n })),
  map: new Map([['a', new Set([1n, 2n ** 70n])]]),
  bytes: new Uint8Array([1, 2, 3]),
  gaps: [undefined, -0, NaN],
  url: new URL('https://example.com/'),
};
const back = await worker.echo(values);
outcomes.values = [
  back.records.length === 50 && back.records[49].id === 49 && back.records[0].at.getTime() === 0,
  back.map.get('a').has(2n ** 70n),
  [...back.bytes],
  back.gaps.map((gap) => (Object.is(gap, -0) ? '-0' : String(gap))),
  back.url.href,
];
outcomes.version = await worker.version();
outcomes.failure = await failure(worker.fail());
await worker.print('printed before the answer');
outcomes.printed = printed.join('');
outcomes.callbacks = await worker.each(['a', 'b'], async (word, index) => `${word}${index}`);
outcomes.counted = [];
for await (const n of worker.count(3)) outcomes.counted.push(n);
for await (const n of worker.count(1_000_000)) if (n === 3) break;
outcomes.sum = await worker.sum(
  (async function* () {
    yield* [1, 2, 3];
  })(),
);
outcomes.length = await worker.length(new Blob(['x'.repeat(1_000_000)]).stream());
const counter = await worker.counter();
outcomes.counter = [await counter.next(), await counter.next()];
const abort = new AbortController();
const hanging = failure(worker.hang({ signal: abort.signal }));
abort.abort(new Error('no longer wanted'));
outcomes.cancelled = (await hanging).message;
// The uses below make version 0.2 send its additions to the protocol: the reason why a stream is dropped,
// from either side, and the ends of streams when a call is cancelled.
await (await worker.bytes()).cancel('not wanted');
outcomes.dropped = await worker.drop(new ReadableStream({ pull: (to) => to.enqueue('x') }));
const enough = new AbortController();
outcomes.aborted = await failure(
  (async () => {
    for await (const n of worker.count(1_000_000, { signal: enough.signal }))
      if (n === 3) enough.abort(new Error('enough'));
  })(),
);
const upload = new AbortController();
const endless = (async function* () {
  for (let n = 0; ; n++) yield n;
})();
const stop = () => upload.abort(new Error('stopped'));
outcomes.stopped = await failure(worker.hold(endless, stop, { signal: upload.signal }));
outcomes.afterwards = [await worker.echo('still here'), await worker.length(new Blob(['abc']).stream())];
const id = rpc.broker.nextId();
const accepted = rpc.broker.accept(id);
await worker.accept(id);
outcomes.broker = await text(await accepted);
outcomes.unknown = [await codeOf(worker.noSuchMethod()), await codeOf(rpc.dispense('nobody'))];
outcomes.service = await worker.service();
outcomes.pings = (await rpc.ping()) >= 0;
outcomes.described = (await rpc.describe?.()) ?? 'none';
outcomes.left = rpc.diagnostics?.().pendingCalls ?? 0;
const { by, code } = await client.kill();
outcomes.killed = { by, code };

const crashing = start();
const crashed = codeOf((await (await crashing.client()).dispense('worker')).exit());
outcomes.crashed = [await crashed, (await crashing.exit).code];
process.stdout.write(`${JSON.stringify(outcomes)}\n`);
