// Corrupts one direction of a real conversation, in every layer, and checks the side that receives it. That
// side must not crash, block or fill its memory, and every rejection must have a code. Each case depends only
// on its seed.
import { attackOf, Saboteur } from '../lib/saboteur.mjs';
import { servicesLie } from '../lib/hostile-services.mjs';
import { within } from '../lib/bounded.mjs';
import { askNames, exercise, fault, useNames } from '../lib/exercise.mjs';
import { clientInMemory, served } from '../lib/memory-pair.mjs';
import { randomOf } from '../lib/random.mjs';
import { heldNow, mebibytes, watch } from '../lib/watch.mjs';
import { worker } from '../lib/worker.mjs';

export const help =
  'hostile bytes towards the host (a plugin that lies) and towards the plugin (a host that lies), about calls, services and descriptions';
export const defaults = {
  minutes: 0,
  cases: 200,
  seed: 0,
  victim: 'both',
  about: 'both',
  concurrency: 8,
  only: -1,
};

const pristine = Object.getOwnPropertyNames(Object.prototype).length;
const polluted = () =>
  Object.getOwnPropertyNames(Object.prototype).length !== pristine || globalThis.polluted !== undefined;

/**
 * Returns the label under which the outcome of a use is counted: `ok`, or the error's code. If the code is no
 * string, as in the error of an aborted call, the label is the error's name.
 */
const label = (error) => {
  if (error === undefined) return 'ok';
  return typeof error.code === 'string' ? error.code : error.name;
};

/**
 * In a case about services, an attack on services is inserted before each frame with this probability, or
 * with a greater one.
 */
const liesAtLeast = 0.1;

/**
 * Runs one session whose bytes are corrupted on the way to the victim. Returns the findings, the kind of
 * attack, the number of services that were made, and the label of each use's outcome. In a case about
 * services, the host provides a service that the plugin uses, and asks for the plugin's description. The
 * inserted messages then concern services and descriptions.
 */
export async function runCase(seed, victim, about = 'calls') {
  const random = randomOf(seed);
  const attack = attackOf(random);
  const line = victim === 'host';
  const isAboutServices = about === 'services';
  if (isAboutServices) attack.injectedMessages = Math.max(attack.injectedMessages, liesAtLeast);
  const lie = isAboutServices ? (chance, ids) => servicesLie(chance, ids, line ? 0 : 1) : undefined;
  const saboteur = () => new Saboteur({ random, attack, line, lie });
  const services = { made: 0, disposed: 0 };
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
  const config = isAboutServices ? { provide: { files: () => providedFiles(services) } } : {};
  const client = clientInMemory({ plugin, config, [victim === 'host' ? 'up' : 'down']: saboteur });
  const names = isAboutServices ? [...askNames, ...useNames] : useNames;
  const outcomes = await exercise(client, { holdMs: 100, names, describes: isAboutServices });
  findings.push(...outcomes.map(fault).filter(Boolean));
  // The plugin's end of the pipes is closed now, so serve() must end as well.
  await within(10_000, 'serve()', over).catch((error) => findings.push(error.message));
  const isDisposed = async () => {
    while (services.disposed < services.made) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await within(10_000, 'the disposal of services', isDisposed()).catch((error) =>
    findings.push(error.message),
  );
  if (polluted()) findings.push('a prototype or the global object was written to');
  return {
    kind: attack.kind,
    findings,
    made: services.made,
    codes: outcomes.map(({ error }) => label(error)),
  };
}

/** The service that the host provides in cases about services. */
function providedFiles(services) {
  services.made += 1;
  return {
    read: (path) => `contents of ${path}`,
    hang: () => new Promise(() => {}),
    async each(items, visit) {
      let sum = 0;
      for (const item of items) sum += await visit(item);
      return sum;
    },
    async *count(to) {
      for (let n = 1; n <= to; n++) yield n;
    },
    [Symbol.dispose]: () => {
      services.disposed += 1;
    },
  };
}

/** Runs the cases `seed`, `seed + 1` and so on, for `minutes`. If `minutes` is 0, runs `cases` of them. */
export async function run(options, say = () => {}) {
  const { minutes, cases, seed, victim, about, concurrency, only } = { ...defaults, ...options };
  const watched = watch({ fatalStallMs: minutes > 0 ? 30_000 : undefined });
  const victims = victim === 'both' ? ['host', 'plugin'] : [victim];
  const subjects = about === 'both' ? ['calls', 'services'] : [about];
  const kinds = victims.flatMap((one) => subjects.map((subject) => [one, subject]));
  const first = only >= 0 ? only : seed;
  const deadline = performance.now() + minutes * 60_000;
  const more = (index) => (minutes > 0 ? performance.now() < deadline : index < (only >= 0 ? 1 : cases));
  const findings = [];
  const counts = {};
  let made = 0;
  let next = 0;
  let before;
  const line = async () => {
    for (let index; more((index = next++));) {
      for (const [one, subject] of kinds) {
        watched.doing(first + index);
        const failed = (error) => ({ kind: 'failed', made: 0, codes: [], findings: [error.stack] });
        const result = await runCase(first + index, one, subject).catch(failed);
        made += result.made;
        for (const code of result.codes) counts[code] = (counts[code] ?? 0) + 1;
        for (const finding of [...result.findings, ...watched.uncaught.splice(0)]) {
          findings.push(
            `seed ${first + index}, towards the ${one}, about ${subject} (${result.kind}): ${finding}`,
          );
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
      cases: Math.min(next, only >= 0 ? 1 : minutes > 0 ? next : cases) * kinds.length,
      'services made and disposed of': made,
      seeds: `${first}..`,
      'outcomes by code': counts,
      'held at most (MiB)': mebibytes(peakBytes),
      'held after 50 cases (MiB)': before && mebibytes(before),
      'held at the end (MiB)': mebibytes(after),
      'longest stall of the event loop (ms)': longestStallMs,
    },
  };
}
