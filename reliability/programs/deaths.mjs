// Kills the plugin, or the host, with SIGKILL in each phase of the plugin's life. The surviving side must
// settle every pending promise, exactly once and with a clear error, and no process may be left behind.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pause, until, within } from '../lib/bounded.mjs';
import { enter, isAlive, phases } from '../lib/phases.mjs';
import { watch } from '../lib/watch.mjs';

export const help = 'SIGKILL for the plugin or the host in each phase of their life';
export const defaults = { times: 3, victim: 'both', phase: '', concurrency: 2, boundMs: 1_000 };

const alive = (pid) => isAlive(pid, (file) => readFileSync(file, 'latin1'));
const gone = (pid, ms) => until(ms, `process ${pid} gone`, () => !alive(pid));

/**
 * Waits for `promise`. If the promise settles wrongly or too late, returns a sentence that says so. Otherwise
 * returns undefined.
 */
async function judge({ name, promise, resolves = false }) {
  let error;
  try {
    await within(10_000, name, promise);
    return resolves ? undefined : `${name} resolved although its plugin was killed`;
  } catch (reason) {
    error = reason;
  }
  if (error?.code === 'STILL_PENDING') return error.message;
  if (resolves) return `${name} rejected: ${error?.stack}`;
  if (typeof error?.code !== 'string') return `${name} rejected without a code: ${error?.stack ?? error}`;
  const told = `${error.message} ${error.cause?.message ?? ''}`;
  if (!/SIGKILL|exited|killed|shutting down|was stopped/i.test(told))
    return `${name} does not say what happened: ${told}`;
  return undefined;
}

/** Kills the plugin of a host that runs in this process. */
export async function pluginDies(name, boundMs) {
  const { client, pid, pending } = await enter(phases[name]);
  const judged = pending.map(judge);
  process.kill(pid, 'SIGKILL');
  const killedAt = performance.now();
  const findings = await Promise.all(judged);
  const settledMs = performance.now() - killedAt;
  const exit = await within(10_000, 'exit', client.exit).catch((error) => void findings.push(error.message));
  if (exit && exit.signal !== 'SIGKILL') findings.push(`exit says ${JSON.stringify(exit)} and not SIGKILL`);
  if (name === 'idle') {
    const late = client.client().then((rpc) => rpc.dispense('worker'));
    findings.push(await judge({ name: 'dispense', promise: late }));
  }
  await gone(pid, boundMs).catch((error) => findings.push(error.message));
  await within(10_000, 'kill', client.kill()).catch((error) => findings.push(error.message));
  return { findings: findings.filter(Boolean), ms: settledMs };
}

/** Kills a host that runs as a separate process. */
export async function hostDies(name, boundMs) {
  const file = fileURLToPath(new URL('../fixtures/host.mjs', import.meta.url));
  const host = spawn(process.execPath, [file, name], { stdio: ['ignore', 'pipe', 'pipe'] });
  const stderr = [];
  host.stderr.on('data', (chunk) => stderr.push(chunk));
  const ended = new Promise((resolve) => host.once('exit', resolve));
  const lines = createInterface({ input: host.stdout });
  const line = new Promise((resolve, reject) => {
    lines.once('line', resolve);
    host.once('exit', () =>
      reject(new Error(`the host ended before it was killed: ${Buffer.concat(stderr).toString()}`)),
    );
  });
  const { pid } = JSON.parse(await within(15_000, `the host ${name}`, line));
  // The host must be killed between the plugin's spawn and its handshake line. No event marks this time, so
  // the host is killed at a random moment.
  if (name === 'in the handshake') await pause(Math.random() * 120);
  host.kill('SIGKILL');
  await ended;
  const findings = [];
  const ms = await gone(pid, boundMs).catch((error) => {
    findings.push(error.message);
    process.kill(pid, 'SIGKILL');
  });
  return { findings, ms };
}

const summary = (list) => {
  const sorted = list.filter((ms) => ms !== undefined).sort((a, b) => a - b);
  const at = (share) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? -1);
  return `median ${at(0.5)} ms, longest ${at(1)} ms`;
};

export async function run(options, say = () => {}) {
  const { times, victim, phase, concurrency, boundMs } = { ...defaults, ...options };
  const watched = watch();
  const findings = [];
  const figures = {};
  const victims = { plugin: pluginDies, host: hostDies };
  for (const who of victim === 'both' ? Object.keys(victims) : [victim]) {
    for (const name of phase ? [phase] : Object.keys(phases)) {
      const took = [];
      let left = times;
      const line = async () => {
        while (left-- > 0) {
          const result = await victims[who](name, boundMs).catch((error) => ({ findings: [error.stack] }));
          took.push(result.ms);
          findings.push(
            ...[...result.findings, ...watched.uncaught.splice(0)].map((text) => `${who} ${name}: ${text}`),
          );
        }
      };
      await Promise.all(Array.from({ length: concurrency }, line));
      figures[`${who} dies ${name}`] =
        `${times} times; ${who === 'host' ? 'plugin gone' : 'all settled'} after ${summary(took)}`;
      say(`${who} dies ${name}: ${figures[`${who} dies ${name}`]}`);
    }
  }
  await watched.stop();
  return { findings, figures };
}
