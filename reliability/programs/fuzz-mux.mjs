// Sends corrupted frames to the mux alone. A session without RPC reads many hundred corrupted conversations
// each second.
import { PassThrough } from 'node:stream';
import { isPipeworkError } from '@pipework/core';
import { Session } from '@pipework/mux';
import { within } from '../lib/bounded.mjs';
import { randomOf } from '../lib/random.mjs';
import { attackOf, Saboteur } from '../lib/saboteur.mjs';
import { heldNow, mebibytes, watch } from '../lib/watch.mjs';

export const help = 'hostile frames towards a bare mux session';
export const defaults = { minutes: 0, cases: 500, seed: 0, concurrency: 8, only: -1 };

/** Resolves with `ok` if the promise resolves, and otherwise with its error. */
const ending = (promise) =>
  promise.then(
    () => 'ok',
    (error) => error,
  );

/** Echoes data between two sessions, and corrupts one direction. */
export async function runCase(seed) {
  const random = randomOf(seed);
  const saboteur = new Saboteur({ random, attack: attackOf(random), line: false });
  const [toVictim, toPeer] = [new PassThrough(), new PassThrough()];
  toVictim.pipe(saboteur);
  const role = random.pick(['client', 'server']);
  const victim = new Session({ readable: saboteur, writable: toPeer }, { role });
  const peer = new Session(
    { readable: toPeer, writable: toVictim },
    { role: role === 'client' ? 'server' : 'client' },
  );
  const things = [];
  const use = (stream) => {
    stream.end(Buffer.alloc(random.length(300_000)));
    return new Promise((resolve, reject) => {
      stream.once('error', reject).once('close', resolve).resume();
    });
  };
  // A session that has ended refuses to open a stream. This refusal is an allowed outcome.
  const opened = async (session) => session.openStream();
  const answer = async (session) => {
    for await (const stream of session) stream.on('error', () => {}).pipe(stream);
  };
  for (const session of [victim, peer]) {
    things.push(ending(session.closed), ending(answer(session)), ending(session.ping()));
    for (let i = random.below(4); i >= 0; i--) things.push(ending(opened(session).then(use)));
  }
  await new Promise((resolve) => setTimeout(resolve, 30));
  things.push(ending(victim.close()), ending(peer.close()));
  for (const pipe of [toVictim, toPeer, saboteur]) pipe.destroy();
  const findings = [];
  const ends = await within(10_000, 'a stream, a ping or a session', Promise.all(things)).catch((error) => {
    findings.push(error.message);
    return [];
  });
  for (const end of ends) {
    if (end !== 'ok' && !(isPipeworkError(end) && typeof end.code === 'string'))
      findings.push(`no code: ${end?.stack ?? end}`);
  }
  return { findings, codes: ends.map((end) => (end === 'ok' ? end : end.code)) };
}

export async function run(options, say = () => {}) {
  const { minutes, cases, seed, concurrency, only } = { ...defaults, ...options };
  const watched = watch({ fatalStallMs: minutes > 0 ? 30_000 : undefined });
  const [first, wanted] = only >= 0 ? [only, 1] : [seed, cases];
  const deadline = performance.now() + minutes * 60_000;
  const more = (index) => (minutes > 0 && only < 0 ? performance.now() < deadline : index < wanted);
  const findings = [];
  const counts = {};
  let next = 0;
  let done = 0;
  const line = async () => {
    for (let index; more((index = next++)); done++) {
      watched.doing(first + index);
      const failed = (error) => ({ codes: [], findings: [error.stack] });
      const result = await runCase(first + index).catch(failed);
      for (const code of result.codes) counts[code] = (counts[code] ?? 0) + 1;
      for (const finding of [...result.findings, ...watched.uncaught.splice(0)]) {
        findings.push(`seed ${first + index}: ${finding}`);
        say(findings.at(-1));
      }
      if (done % 5_000 === 4_999) say(`${done + 1} cases, held ${mebibytes(heldNow())} MiB`);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, line));
  const after = heldNow();
  const { peakBytes, longestStallMs } = await watched.stop();
  return {
    findings,
    figures: {
      cases: done,
      seeds: `${first} to ${first + done - 1}`,
      'endings by code': counts,
      'held at most (MiB)': mebibytes(peakBytes),
      'held at the end (MiB)': mebibytes(after),
      'longest stall of the event loop (ms)': longestStallMs,
    },
  };
}
