// Runs one host process and returns its results. The host process leads a process group. After the host
// process has exited, the rest of the group is killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const muxScript = fileURLToPath(new URL('../mux.mjs', import.meta.url));
const script = fileURLToPath(new URL('../host.mjs', import.meta.url));
const TIMEOUT = 180_000;

export function runHost({ peer, workloads, time, warmup, quick, node }) {
  return runTask(script, { peer, workloads, time, warmup, quick }, workloads[0], node);
}

/**
 * Runs `program` with a task as its argument, and returns the results that it wrote. If `program` wrote none,
 * the result is a failure of the workload `first`. `node` is the path of the Node that runs `program`.
 */
export async function runTask(program, task, first, node = process.execPath) {
  const folder = mkdtempSync(join(tmpdir(), 'pipework-bench-'));
  const out = join(folder, 'result.json');
  const host = spawn(node, [program, JSON.stringify({ ...task, out })], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
    env: plainEnvironment(),
  });
  let errors = '';
  host.stderr.on('data', (chunk) => {
    errors = (errors + chunk).slice(-2000);
  });
  const timer = setTimeout(() => endGroup(host.pid), TIMEOUT);
  await once(host, 'exit');
  clearTimeout(timer);
  endGroup(host.pid);
  try {
    return JSON.parse(readFileSync(out, 'utf8'));
  } catch {
    const message = `the host process ended without a result: ${errors.trim() || `no output within ${TIMEOUT / 1000} s`}`;
    return { results: {}, skipped: {}, failed: { [first]: message } };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs bench/mux.mjs, and returns the figures that it wrote; undefined if it wrote none. */
export async function runMux(rounds, works) {
  const folder = mkdtempSync(join(tmpdir(), 'pipework-bench-'));
  const out = join(folder, 'mux.json');
  const args = [muxScript, '--rounds', String(rounds), '--work', works.join(','), '--json', out];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: plainEnvironment(),
  });
  await once(child, 'exit');
  try {
    return JSON.parse(readFileSync(out, 'utf8'));
  } catch {
    return undefined; // the program has printed why
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Returns an environment without variables that distort the results. NODE_EXTRA_CA_CERTS alone makes each
 * Node child start 30 ms later. NODE_OPTIONS and similar variables make Node's code cache useless.
 */
export function plainEnvironment() {
  const {
    NODE_EXTRA_CA_CERTS: _ca,
    NODE_OPTIONS: _options,
    NODE_V8_COVERAGE: _coverage,
    ...rest
  } = process.env;
  return rest;
}

function endGroup(leader) {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // the whole group is gone already
  }
}
