// One side gets stuck, but its process does not end: it is stopped, its event loop is blocked, or it no
// longer reads. The other side must use a bounded amount of memory, its ping must fail, and kill() must end
// within its limit.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Client } from '@pipework/core';
import { pause, within } from '../lib/bounded.mjs';
import { data, INITIAL_WINDOW, ping, SYN, WINDOW } from '../lib/frames.mjs';
import { encode } from '../lib/msgpack.mjs';
import { pluginCommand } from '../lib/phases.mjs';
import { rawHost } from '../lib/raw-peer.mjs';
import { heldNow, mebibytes, watch } from '../lib/watch.mjs';
import { patternStream } from '../lib/worker.mjs';

export const help =
  'peers that are stopped, blocked or do not read: bounded memory, a failing ping, a kill() in time';
export const defaults = { seconds: 1, only: '', boundMiB: 32 };

const MiB = 2 ** 20;
const GRACE_MS = 200;
/**
 * The limit of kill() by the protocol: the grace period, a second for each of two signals, and at most a
 * second for the remaining output. The last 1,000 ms are a margin.
 */
const KILL_BOUND_MS = GRACE_MS + 3_000 + 1_000;

const resident = (pid) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1_024;
const rawPluginCommand = (conduct) => [
  process.execPath,
  fileURLToPath(new URL('../fixtures/raw-plugin.mjs', import.meta.url)),
  conduct,
];

const toTheEnd = async (worker) => {
  for await (const _ of await worker.produce(1e12));
};

/** Runs a host whose plugin gets stuck in some way, while streams and calls to it continue. */
async function stuckPlugin({ seconds, bound }, { cmd = pluginCommand(), stick, by }) {
  const findings = [];
  const client = new Client({ cmd, gracePeriod: GRACE_MS });
  const rpc = await client.client();
  const worker = await rpc.dispense('worker').then((one) => ({ one }));
  const ended = [];
  const pending = (name, promise) => {
    ended.push(
      within(seconds * 1_000 + 30_000, name, promise).then(
        () => undefined,
        (error) =>
          typeof error?.code === 'string' && error.code !== 'STILL_PENDING'
            ? undefined
            : `${name}: ${error?.stack ?? error}`,
      ),
    );
  };
  await stick(client, worker.one, pending);
  const before = heldNow();
  const watched = watch();
  for (let i = 0; i < 5; i++) pending('digest', worker.one.digest(patternStream(1e12)));
  for (let i = 0; i < 100; i++) pending('echo', worker.one.echo(i));
  pending('produce', toTheEnd(worker.one));
  await pause(seconds * 1_000);

  // A ping must fail: at its deadline, or immediately if the session is known to be lost.
  const asked = performance.now();
  const told = await within(15_000, 'ping', rpc.ping()).then(
    () => 'was answered',
    (error) => error.code ?? error.message,
  );
  const pingMs = Math.round(performance.now() - asked);
  if (told === 'was answered' || told === 'STILL_PENDING') findings.push(`ping ${told}`);
  const { peakBytes, uncaught } = await watched.stop();
  const grew = peakBytes - before;
  if (grew > bound) findings.push(`the host grew by ${mebibytes(grew)} MiB`);

  const start = performance.now();
  const exit = await within(KILL_BOUND_MS, 'kill', client.kill());
  const killMs = Math.round(performance.now() - start);
  if (!by.includes(exit.by)) findings.push(`the exit was by ${exit.by}, not by ${by.join(' or ')}`);
  findings.push(...(await Promise.all(ended)).filter(Boolean), ...uncaught);
  return {
    findings,
    figure: `ping told ${told} after ${pingMs} ms; the host held ${mebibytes(grew)} MiB more; kill took ${killMs} ms, by ${exit.by}`,
  };
}

/**
 * Runs a plugin whose host makes as many calls as its credit allows and reads no answers. If `deaf` is true,
 * the host reads no frames at all. Otherwise the host reads frames, and so gets further credit for its calls,
 * but it grants no credit for the answers.
 */
async function greedyHost({ seconds, bound }, deaf, ask, conduct = 'serves') {
  const [file, ...args] = pluginCommand(conduct);
  const child = spawn(file, args, {
    env: { ...process.env, ...hostEnvironment },
    stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
  });
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
  const findings = [];
  try {
    const [readable, writable] = [child.stdio[4], child.stdio[3]];
    const host = await within(10_000, 'the line', rawHost({ readable, writable }));
    const stream = await within(5_000, 'dispense', host.dispense(7));
    let credit = INITIAL_WINDOW;
    host.onFrame = ({ type, id, length }) => {
      if (type === WINDOW && id === stream) credit += length;
      return false;
    };
    if (deaf) readable.pause();
    const before = resident(child.pid);
    let sent = 0;
    const end = performance.now() + seconds * 1_000;
    for (let turn = 0; performance.now() < end; turn++) {
      const { bytes, cost = bytes.length } = ask(stream, turn);
      if (cost > credit) {
        await pause(5);
        continue;
      }
      credit -= cost;
      sent += bytes.length;
      const full = !host.send(bytes);
      if (full) await Promise.race([once(writable, 'drain'), pause(Math.max(0, end - performance.now()))]);
      else if (turn % 10 === 0) await pause(0);
    }
    const grew = resident(child.pid) - before;
    if (grew > 3 * bound) findings.push(`the plugin grew by ${mebibytes(grew)} MiB`);
    const left = performance.now();
    readable.destroy();
    writable.destroy();
    await within(3_000, 'the exit after both pipes closed', exited).catch((error) =>
      findings.push(error.message),
    );
    const goneMs = Math.round(performance.now() - left);
    return {
      findings,
      figure: `asked with ${mebibytes(sent)} MiB; the plugin grew by ${mebibytes(grew)} MiB resident; gone ${goneMs} ms after the pipes closed`,
    };
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}

const hostEnvironment = {
  OTTO_PLUGIN_MAGIC_COOKIE: '11aab7ff21cb9ff7b0e9975d53f17a8dab571eac9b5ff0191730046698f07b7f',
  PIPEWORK_FDS: '3,4',
  PIPEWORK_PROTOCOL_VERSIONS: '1',
  PIPEWORK_CAPABILITIES: '',
  PIPEWORK_GRACE_MS: '2000',
};

// The steps by which kill() may end a plugin that stopped reading. If the plugin had already read all bytes,
// it sees the end of its pipe (`eof`). Otherwise a signal ends it (`sigterm`).
const whatIsLeft = ['eof', 'sigterm'];

const wordFrom = (cmd) => async (client, worker, pending) => {
  pending('echo', worker.echo('after this it goes deaf'));
  await pause(cmd);
};
const requests = (method) => (stream, turn) => {
  const message = encode([0, turn, `Plugin.${method}`, ['x'.repeat(50_000)]]);
  return { bytes: data(stream, message), cost: message.length };
};
const pings = () => ({
  bytes: Buffer.concat(Array.from({ length: 2_000 }, (_, index) => ping(index))),
  cost: 0,
});
const openings = (_, turn) => {
  const ids = Array.from({ length: 500 }, (_, index) => 9 + 2 * (turn * 500 + index));
  return { bytes: Buffer.concat(ids.map((id) => data(id, [0, 0, 0, 0], SYN))), cost: 0 };
};

const scenes = {
  'a stopped plugin': (s) =>
    stuckPlugin(s, { by: ['sigkill'], stick: (client) => process.kill(client.pid, 'SIGSTOP') }),
  'a plugin in an infinite loop': (s) =>
    stuckPlugin(s, {
      by: ['sigkill'],
      stick: async (client, worker, pending) => {
        pending('spin', worker.spin());
        await pause(50);
      },
    }),
  'a plugin that stops reading': (s) =>
    stuckPlugin(s, { cmd: rawPluginCommand('stops-reading'), by: whatIsLeft, stick: wordFrom(50) }),
  'a plugin that sends pings and reads nothing': (s) =>
    stuckPlugin(s, { cmd: rawPluginCommand('stops-reading-and-pings'), by: whatIsLeft, stick: wordFrom(50) }),
  'a host that makes calls and reads nothing': (s) => greedyHost(s, true, requests('echo')),
  'a host that makes the plugin print and reads nothing': (s) => greedyHost(s, true, requests('print')),
  'a host that sends pings and reads nothing': (s) => greedyHost(s, true, pings),
  'a host that opens streams and reads nothing': (s) => greedyHost(s, true, openings),
  'a host that makes calls and grants no credit for the answers': (s) =>
    greedyHost(s, false, requests('echo')),
  'a host that makes the plugin print and grants no credit for the output': (s) =>
    greedyHost(s, false, requests('print'), 'serves-few-calls'),
};

export const sceneNames = Object.keys(scenes);

export async function run(options, say = () => {}) {
  const { seconds, only, boundMiB } = { ...defaults, ...options };
  // The most memory that a side may hold for a peer that reads nothing: a few windows, the pipe's buffer,
  // garbage between two collections. A plugin's memory is measured from outside of its process. This figure
  // includes the unused part of the heap, so it may be three times as high as this bound.
  const bound = boundMiB * MiB;
  const findings = [];
  const figures = {};
  for (const name of only ? [only] : sceneNames) {
    const result = await scenes[name]({ seconds, bound });
    figures[name] = result.figure;
    say(`${name}: ${result.figure}`);
    findings.push(...result.findings.map((text) => `${name}: ${text}`));
  }
  return { findings, figures };
}
