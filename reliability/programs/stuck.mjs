// One side stops without dying: a stopped process, a blocked event loop, a peer that no longer reads. The other side holds a bounded
// amount, is told by ping, and kill() ends in its bound.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Client } from '@pipework/core';
import { pause, within } from '../lib/bounded.mjs';
import { data, ping, windowUpdate } from '../lib/frames.mjs';
import { encode } from '../lib/msgpack.mjs';
import { pluginCommand } from '../lib/phases.mjs';
import { rawHost } from '../lib/raw-peer.mjs';
import { heldNow, mebibytes, watch } from '../lib/watch.mjs';
import { patternStream } from '../lib/worker.mjs';

export const help = 'stopped, blocked and deaf peers: bounded memory, a ping that tells, a kill that ends';
export const defaults = { seconds: 1, only: '' };

const MiB = 2 ** 20;
/** What a side may hold for a peer that takes nothing: a few windows, the pipe's buffer, garbage between two collections. */
const BOUND = 32 * MiB;
const GRACE_MS = 200;
/** PROTOCOL: the grace, then a second for each of two signals; then the drain, a second at most. */
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

/** A host whose plugin gets stuck in some way, while streams and calls go on towards it. */
async function stuckPlugin(seconds, { cmd = pluginCommand(), stick, by }) {
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

  // A ping must come back with a no: by its deadline, or at once when the session is known to be lost.
  const asked = performance.now();
  const told = await within(15_000, 'ping', rpc.ping()).then(
    () => 'was answered',
    (error) => error.code ?? error.message,
  );
  const pingMs = Math.round(performance.now() - asked);
  if (told === 'was answered' || told === 'STILL_PENDING') findings.push(`ping ${told}`);
  const { peakBytes, uncaught } = await watched.stop();
  const grew = peakBytes - before;
  if (grew > BOUND) findings.push(`the host grew by ${mebibytes(grew)} MiB`);

  const start = performance.now();
  const exit = await within(KILL_BOUND_MS + 2_000, 'kill', client.kill());
  const killMs = Math.round(performance.now() - start);
  if (killMs > KILL_BOUND_MS) findings.push(`kill took ${killMs} ms`);
  if (exit.by !== by) findings.push(`the exit was by ${exit.by}, not by ${by}`);
  findings.push(...(await Promise.all(ended)).filter(Boolean), ...uncaught);
  return {
    findings,
    figure: `ping told ${told} after ${pingMs} ms; the host held ${mebibytes(grew)} MiB more; kill took ${killMs} ms, by ${exit.by}`,
  };
}

/** A plugin whose host stops reading descriptor 4, while it goes on asking. */
async function deafHost(seconds, ask) {
  const [file, ...args] = pluginCommand();
  const env = {
    ...process.env,
    OTTO_PLUGIN_MAGIC_COOKIE: '11aab7ff21cb9ff7b0e9975d53f17a8dab571eac9b5ff0191730046698f07b7f',
    PIPEWORK_FDS: '3,4',
    PIPEWORK_PROTOCOL_VERSIONS: '1',
    PIPEWORK_CAPABILITIES: '',
    PIPEWORK_GRACE_MS: '2000',
  };
  const child = spawn(file, args, { env, stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'] });
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
  const findings = [];
  try {
    const [readable, writable] = [child.stdio[4], child.stdio[3]];
    const host = await within(10_000, 'the line', rawHost({ readable, writable }));
    const stream = await within(5_000, 'dispense', host.dispense(7));
    host.send(windowUpdate(stream, 0x3fff_ffff)); // A host may promise much: the plugin must not take it as memory.
    readable.pause();
    const before = resident(child.pid);
    let sent = 0;
    const end = performance.now() + seconds * 1_000;
    while (performance.now() < end) {
      const chunk = ask(stream, sent);
      sent += chunk.length;
      if (!host.send(chunk))
        await Promise.race([
          new Promise((resolve) => writable.once('drain', resolve)),
          pause(seconds * 1_000),
        ]);
      else await pause(0);
    }
    const grew = resident(child.pid) - before;
    if (grew > 3 * BOUND) findings.push(`the plugin grew by ${mebibytes(grew)} MiB`);
    const left = performance.now();
    readable.destroy();
    writable.destroy();
    await within(3_000, 'the exit after both pipes closed', exited).catch((error) =>
      findings.push(error.message),
    );
    return {
      findings,
      figure: `asked with ${mebibytes(sent)} MiB; the plugin grew by ${mebibytes(grew)} MiB resident; gone ${Math.round(performance.now() - left)} ms after the pipes closed`,
    };
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}

const wordFrom = (cmd) => async (client, worker, pending) => {
  pending('echo', worker.echo('after this it goes deaf'));
  await pause(cmd);
};
const request = (stream, id, method, params) => data(stream, encode([0, id, method, params]));

const scenes = {
  'a stopped plugin': (s) =>
    stuckPlugin(s, { by: 'sigkill', stick: (client) => process.kill(client.pid, 'SIGSTOP') }),
  'a plugin in an infinite loop': (s) =>
    stuckPlugin(s, {
      by: 'sigkill',
      stick: async (client, worker, pending) => {
        pending('spin', worker.spin());
        await pause(50);
      },
    }),
  'a plugin that stops reading': (s) =>
    stuckPlugin(s, { cmd: rawPluginCommand('stops-reading'), by: 'sigterm', stick: wordFrom(50) }),
  'a plugin that stops reading and pings': (s) =>
    stuckPlugin(s, { cmd: rawPluginCommand('stops-reading-and-pings'), by: 'sigterm', stick: wordFrom(50) }),
  'a host that stops reading and calls': (s) =>
    deafHost(s, (stream, sent) => request(stream, sent >>> 0, 'Plugin.echo', ['x'.repeat(50_000)])),
  'a host that stops reading and has it print': (s) =>
    deafHost(s, (stream, sent) => request(stream, sent >>> 0, 'Plugin.print', ['x'.repeat(50_000)])),
  'a host that stops reading and pings': (s) =>
    deafHost(s, () => Buffer.concat(Array.from({ length: 2_000 }, (_, index) => ping(index)))),
  'a host that stops reading and opens streams': (s) =>
    deafHost(s, (_, sent) =>
      Buffer.concat(
        Array.from({ length: 500 }, (_, index) => data(9 + 2 * (sent / 16 + index), [0, 0, 0, 0], 1)),
      ),
    ),
};

export const sceneNames = Object.keys(scenes);

export async function run(options, say = () => {}) {
  const { seconds, only } = { ...defaults, ...options };
  const findings = [];
  const figures = {};
  for (const name of only ? [only] : sceneNames) {
    const result = await scenes[name](seconds);
    figures[name] = result.figure;
    say(`${name}: ${result.figure}`);
    findings.push(...result.findings.map((text) => `${name}: ${text}`));
  }
  return { findings, figures };
}
