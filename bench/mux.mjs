/**
 * Compares pipework's mux with the other yamux libraries of npm, and with the bare pipes on which a mux runs.
 * These are called the candidates. A work is one kind of measurement, such as round trips (mux/works.mjs). In
 * each round, each work of each candidate runs in a new pair of processes, which are connected by descriptors
 * 3 and 4. In every other round the candidates run in reverse order, so that other load of the machine
 * affects all of them. In each round, a candidate's rate is divided by the rate of the bare pipes. The median
 * of these ratios is the result.
 *
 *     node bench/mux.mjs [--rounds 5] [--only pipework,raw] [--work duplex-bulk,rt100] [--seconds 1]
 *                    [--json FILE]
 *
 * FILE gets `{ [work]: { [candidate]: [rate of each round] } }`. If a work failed, its rate is null.
 */

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { median } from './lib/loops.mjs';
import { candidates } from './lib/muxes.mjs';
import { works, workNames } from './mux/works.mjs';

const parent = fileURLToPath(new URL('mux/parent.mjs', import.meta.url));
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    only: { type: 'string', default: Object.keys(candidates).join(',') },
    work: { type: 'string', default: workNames.join(',') },
    json: { type: 'string' },
  },
});
const milliseconds = Number(values.seconds) * 1000;
const names = values.only.split(',');

const all = {};
for (const workName of values.work.split(',')) {
  const work = works.find(({ name }) => name === workName);
  if (work === undefined)
    throw new Error(`--work: unknown name "${workName}"; known are ${workNames.join(', ')}`);
  const able = names.filter((name) => !work.without?.includes(name));
  const results = new Map(able.map((name) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const name of round % 2 === 0 ? able : able.toReversed()) {
      // A candidate that has failed twice is not measured again, because a failure can take as long as the
      // time limit.
      const failures = results.get(name).filter((rate) => typeof rate !== 'number').length;
      if (failures < 2) results.get(name).push(await measure(name, work).catch((error) => error));
    }
  }
  report(workName, results);
  const rates = ([name, list]) => [name, list.map((rate) => (typeof rate === 'number' ? rate : null))];
  all[workName] = Object.fromEntries([...results].map(rates));
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(all, null, 2)}\n`);

/**
 * Resolves to the rate of `work`, measured in a fresh pair of processes. Rejects with the reason if the work
 * failed.
 */
async function measure(name, work) {
  const args = [parent, name, work.name, String(milliseconds)];
  const { stdout, stderr, failure } = await promisify(execFile)(process.execPath, args, {
    timeout: 60_000,
    killSignal: 'SIGKILL',
  }).catch((error) => ({ stdout: error.stdout, stderr: error.stderr, failure: error.message }));
  const { rate, error } = stdout === '' ? { error: failure } : JSON.parse(stdout);
  if (rate === undefined)
    throw new Error(`${error}${stderr === '' ? '' : ` (${stderr.trim().slice(-300)})`}`);
  return rate;
}

function report(work, results) {
  console.log(`\n${work}`);
  for (const [name, rates] of results) {
    const good = rates.filter((rate) => typeof rate === 'number');
    const failed = rates.find((rate) => typeof rate !== 'number');
    const note = failed === undefined ? '' : `  FAILED ${rates.length - good.length}x: ${failed.message}`;
    const ratio = (other) => {
      const base = results.get(other) ?? [];
      const ratios = rates.map((rate, i) => rate / base[i]).filter(Number.isFinite);
      return ratios.length === 0 || other === name ? '' : `${median(ratios).toFixed(2)} x ${other}`;
    };
    const rate = good.length === 0 ? '-' : Math.round(median(good)).toLocaleString('en');
    const line = [name.padEnd(18), rate.padStart(10), ratio('raw').padEnd(12)];
    console.log(`  ${line.join('  ')}  ${ratio('libp2p')}${note}`);
  }
}
