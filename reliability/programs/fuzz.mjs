// Corrupts one direction of a real conversation, in every layer, and looks whether the side that hears it stays well:
// no crash, no hang, no growth, and a code on every rejection. Each case is made from its seed alone.
import { attackOf, Saboteur } from '../lib/saboteur.mjs';
import { within } from '../lib/bounded.mjs';
import { exercise, fault } from '../lib/exercise.mjs';
import { clientInMemory, served } from '../lib/memory-pair.mjs';
import { randomOf } from '../lib/random.mjs';
import { heldNow, mebibytes, watch } from '../lib/watch.mjs';
import { worker } from '../lib/worker.mjs';

export const help =
  'hostile bytes towards the host (a plugin that lies) and towards the plugin (a host that lies)';
export const defaults = { minutes: 0, cases: 200, seed: 0, victim: 'both', concurrency: 8, only: -1 };

const pristine = Object.getOwnPropertyNames(Object.prototype).length;
const polluted = () =>
  Object.getOwnPropertyNames(Object.prototype).length !== pristine || globalThis.polluted !== undefined;

/** How a use ended, for the counts. A caller's own abort has a number for a code. */
const label = (error) => {
  if (error === undefined) return 'ok';
  return typeof error.code === 'string' ? error.code : error.name;
};

/** One session, with its bytes spoiled on the way to the victim. Gives what went wrong, and how far it got. */
export async function runCase(seed, victim) {
  const random = randomOf(seed);
  const attack = attackOf(random);
  const saboteur = () => new Saboteur({ random, attack, line: victim === 'host' });
  const findings = [];
  let ended;
  const plugin = (end) => {
    served({ worker })({
      ...end,
      exit: (how) => {
        if (how.error && typeof how.error.code !== 'string')
          findings.push(`serve failed without a code: ${how.error.stack}`);
        ended?.();
        end.exit(how);
      },
    });
  };
  const over = new Promise((resolve) => {
    ended = resolve;
  });
  const client = clientInMemory({ plugin, [victim === 'host' ? 'up' : 'down']: saboteur });
  const outcomes = await exercise(client, { holdMs: 100 });
  findings.push(...outcomes.map(fault).filter(Boolean));
  // The plugin's end of the pipes is closed now: serve() must be done with it as well.
  await within(10_000, 'serve()', over).catch((error) => findings.push(error.message));
  if (polluted()) findings.push('a prototype or the global object was written to');
  return {
    kind: attack.kind,
    findings,
    codes: outcomes.map(({ error }) => label(error)),
  };
}

/** Runs cases `seed`, `seed + 1`, ... until enough, or until the time is over. */
export async function run(options, say = () => {}) {
  const { minutes, cases, seed, victim, concurrency, only } = { ...defaults, ...options };
  const watched = watch({ fatalStallMs: minutes > 0 ? 30_000 : undefined });
  const victims = victim === 'both' ? ['host', 'plugin'] : [victim];
  const first = only >= 0 ? only : seed;
  const deadline = performance.now() + minutes * 60_000;
  const more = (index) => (minutes > 0 ? performance.now() < deadline : index < (only >= 0 ? 1 : cases));
  const findings = [];
  const counts = {};
  let next = 0;
  let before;
  const line = async () => {
    for (let index; more((index = next++));) {
      for (const one of victims) {
        watched.doing(first + index);
        const failed = (error) => ({ kind: 'failed', codes: [], findings: [error.stack] });
        const result = await runCase(first + index, one).catch(failed);
        for (const code of result.codes) counts[code] = (counts[code] ?? 0) + 1;
        for (const finding of [...result.findings, ...watched.uncaught.splice(0)]) {
          findings.push(`seed ${first + index}, towards the ${one} (${result.kind}): ${finding}`);
          say(findings.at(-1));
        }
      }
      if (index === 50) before = heldNow();
      if (index > 0 && index % 500 === 0) say(`${index} cases, held ${mebibytes(heldNow())} MiB`);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, line));
  const after = heldNow();
  const { peakBytes, longestStallMs } = await watched.stop();
  return {
    findings,
    figures: {
      cases: Math.min(next, only >= 0 ? 1 : minutes > 0 ? next : cases) * victims.length,
      seeds: `${first}..`,
      'outcomes by code': counts,
      'held at most (MiB)': mebibytes(peakBytes),
      'held after 50 cases (MiB)': before && mebibytes(before),
      'held at the end (MiB)': mebibytes(after),
      'longest stall of the event loop (ms)': longestStallMs,
    },
  };
}
