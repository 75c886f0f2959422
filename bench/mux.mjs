/**
 * Measures the mux against the bare pipes that it runs on, and against the other yamuxes of npm. A parent and
 * a child are joined by descriptors 3 and 4. Rounds alternate between the candidates, so that other work of
 * the machine affects all of them. The result is the median of each round's ratio to the raw pair.
 *
 *     node bench/mux.mjs [--rounds 5] [--only pipework,raw] [--work bulk,rt100] [--seconds 1]
 *                    [--json FILE]    { [work]: { [name]: rates, a round each, null where it failed } }
 */

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { candidates } from './lib/muxes.mjs';

const MiB = 1024 * 1024;
const MESSAGE = 100;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    only: { type: 'string', default: Object.keys(candidates).join(',') },
    work: { type: 'string', default: 'bulk,rt100,rt1,churn' },
    json: { type: 'string' },
    child: { type: 'string' },
  },
});
const milliseconds = Number(values.seconds) * 1000;

// ── what the child does: the first byte of a stream says how to serve it ─────────────────────────────────────────────

/**
 * Serves a stream. If the stream begins with 'b', a count follows. The child reads so many bytes and then
 * answers. Any other stream is echoed.
 */
function serveStream(stream) {
  let expected = -1;
  let seen = 0;
  let mode;
  stream.onData((chunk) => {
    mode ??= chunk[0] === 0x62 ? 'bulk' : 'echo';
    if (mode === 'echo') {
      stream.echo(chunk, MESSAGE);
      return;
    }
    if (expected < 0) expected = Buffer.from(chunk).readDoubleBE(1);
    seen += chunk.length;
    if (seen >= expected) stream.write(Buffer.from('!'));
  });
  stream.onEnd(() => stream.end());
}

// ── what the parent measures ─────────────────────────────────────────────────────────────────────────────────────────

const works = {
  /** MiB a second through one stream, in writes of 64 KiB. The first two gibibytes are the warm-up. */
  async bulk(mux) {
    const warmup = 2048 * MiB;
    const total = warmup + 1024 * MiB;
    const chunk = Buffer.alloc(64 * 1024, 1);
    const head = Buffer.alloc(64 * 1024, 1);
    head[0] = 0x62;
    head.writeDoubleBE(total, 1);
    const stream = await mux.open();
    let start;
    await new Promise((resolve, reject) => {
      const limit = setTimeout(reject, 60_000, new Error('bulk took more than a minute'));
      stream.onData(() => {
        clearTimeout(limit);
        resolve();
      });
      let sent = head.length;
      const pump = () => {
        while (sent < total) {
          if (sent >= warmup) start ??= performance.now();
          sent += chunk.length;
          if (!stream.write(chunk)) return;
        }
      };
      stream.onDrain(pump);
      if (stream.write(head)) pump();
    });
    return (total - warmup) / MiB / ((performance.now() - start) / 1000);
  },

  /** Round trips a second of 100 streams, each with one message of 100 bytes in flight. */
  rt100: (mux) => roundTrips(mux, 100),

  /** Round trips a second of one stream, with one message at a time. */
  rt1: (mux) => roundTrips(mux, 1),

  /** Streams a second: open, send 100 bytes, end, read the echo to its end. Eight run at a time. */
  async churn(mux) {
    const message = Buffer.alloc(MESSAGE, 1);
    let count = 0;
    const end = performance.now() + milliseconds;
    const one = async () => {
      while (performance.now() < end) {
        const stream = await mux.open();
        await new Promise((resolve, reject) => {
          const limit = setTimeout(reject, 5_000, new Error('a stream never ended'));
          stream.onData(() => {});
          stream.onEnd(() => {
            clearTimeout(limit);
            resolve();
          });
          stream.write(message);
          stream.end();
        });
        count += 1;
      }
    };
    const start = performance.now();
    await Promise.all(Array.from({ length: 8 }, one));
    return count / ((performance.now() - start) / 1000);
  },
};

async function roundTrips(mux, count) {
  let trips = 0;
  let isOver = false;
  const message = Buffer.alloc(MESSAGE, 1);
  const streams = await mux.openMany(count);
  for (const stream of streams) {
    let bytes = 0;
    stream.onData((chunk) => {
      for (bytes += chunk.length; bytes >= MESSAGE; bytes -= MESSAGE) {
        trips += 1;
        if (!isOver) stream.write(message);
      }
    });
    stream.write(message);
  }
  await pause(200);
  const from = trips;
  const start = performance.now();
  await pause(milliseconds);
  const rate = (trips - from) / ((performance.now() - start) / 1000);
  isOver = true;
  return rate;
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function measure(name, work) {
  const self = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, [self, '--child', name], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
  });
  const died = new Promise((_, reject) => child.once('exit', () => reject(new Error('the child died'))));
  died.catch(() => {});
  try {
    const mux = await candidates[name]('client', child.stdio[4], child.stdio[3]);
    // Wait until the child has started, so that its loading time is not measured.
    await pause(250);
    return await Promise.race([works[work](mux), died]);
  } finally {
    child.kill('SIGKILL');
  }
}

async function main() {
  const all = {};
  const names = values.only.split(',');
  process.on('uncaughtException', (error) => console.error('  (uncaught)', error.code ?? error.message));
  for (const work of values.work.split(',')) {
    const results = new Map(names.map((name) => [name, []]));
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (const name of round % 2 === 0 ? names : names.toReversed()) {
        if (work === 'churn' && name === 'raw') continue;
        results.get(name).push(await measure(name, work).catch((error) => error));
      }
    }
    report(work, results);
    const rates = ([name, list]) => [name, list.map((rate) => (typeof rate === 'number' ? rate : null))];
    all[work] = Object.fromEntries([...results].map(rates));
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(all, null, 2)}\n`);
  process.exit(0);
}

function report(work, results) {
  console.log(`\n${work}`);
  for (const [name, rates] of results) {
    const good = rates.filter((rate) => typeof rate === 'number');
    if (rates.length === 0) continue;
    const failed = rates.find((rate) => typeof rate !== 'number');
    const note = failed === undefined ? '' : `  FAILED ${rates.length - good.length}x: ${failed.message}`;
    const ratio = (other) => {
      const base = results.get(other) ?? [];
      const ratios = rates.map((rate, i) => rate / base[i]).filter(Number.isFinite);
      return ratios.length === 0 || other === name ? '' : `${median(ratios).toFixed(2)} x ${other}`;
    };
    const line = [
      name.padEnd(18),
      Math.round(median(good)).toLocaleString('en').padStart(10),
      ratio('raw').padEnd(12),
    ];
    console.log(`  ${line.join('  ')}  ${ratio('libp2p')}${note}`);
  }
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

if (values.child !== undefined) {
  process.on('uncaughtException', (error) => {
    console.error(`  (${values.child}, its child) ${error.message}`);
    process.exit(1);
  });
  const readable = new net.Socket({ fd: 3, readable: true, writable: false });
  const writable = new net.Socket({ fd: 4, readable: false, writable: true });
  const mux = await candidates[values.child]('server', readable, writable);
  mux.onStream(serveStream);
  readable.on('close', () => process.exit(0));
} else {
  await main();
}
