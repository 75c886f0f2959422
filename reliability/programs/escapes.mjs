// Runs a plugin in each kind of isolation that this machine has. The plugin tries to escape. Each attempt has
// an expected outcome. If an attempt is expected to succeed, SECURITY.md has a row for it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isolated } from '@pipework/isolate';
import { findRuntime } from '../../testing/runtimes.mjs';
import { holes, policies } from '../lib/escape-rules.mjs';

export const help = 'attempts to escape from bubblewrap, and from the permission models of Node and of Deno';
export const defaults = { means: 'all', only: '' };

const host = fileURLToPath(new URL('../fixtures/escapes/host.mjs', import.meta.url));
const security = readFileSync(new URL('../../SECURITY.md', import.meta.url), 'utf8');

/**
 * Returns why this machine cannot isolate a plugin by `means` (bubblewrap, node or deno), or undefined if it
 * can.
 */
export function obstacle(means) {
  const file = means === 'deno' ? findRuntime('deno') : process.execPath;
  if (file === undefined) return 'deno is not installed';
  try {
    const found = isolated(policies[means]).describe([file]).means;
    return found === means ? undefined : `it is isolated by ${found}`;
  } catch (error) {
    return error.message;
  }
}

/**
 * Runs fixtures/escapes/host.mjs with one means of isolation, and returns its report. The host inherits two
 * descriptors of a file that the plugin must not read.
 */
async function attemptAll(means) {
  const folder = mkdtempSync(join(tmpdir(), 'pipework-inherited-'));
  const file = join(folder, 'inherited');
  const descriptors = [9, 40];
  let opened;
  try {
    writeFileSync(file, 'inherited');
    opened = openSync(file, 'r');
    const stdio = Array.from({ length: 41 }, (_, n) => (descriptors.includes(n) ? opened : 'ignore'));
    stdio[1] = 'pipe';
    stdio[2] = 'inherit';
    const child = spawn(process.execPath, [host, means, ...descriptors], { stdio });
    const [printed, [code]] = await Promise.all([child.stdout.toArray(), once(child, 'exit')]);
    if (code !== 0) throw new Error(`the host of ${means} ended with ${code}`);
    return JSON.parse(Buffer.concat(printed).toString());
  } finally {
    if (opened !== undefined) closeSync(opened);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Returns a sentence for each outcome that is not as expected. */
function judge(means, { got, told, seen }, only) {
  const known = holes[means];
  const findings = [];
  for (const [name, isOut] of Object.entries(got)) {
    if (only !== '' && !name.includes(only)) continue;
    const mayBeOut = name in known;
    if (isOut && !mayBeOut) findings.push(`${means}: "${name}" got out: ${told[name]}`);
    if (isOut && mayBeOut && !security.includes(known[name]))
      findings.push(`${means}: "${name}" gets out, and SECURITY.md does not tell of it ("${known[name]}")`);
  }
  for (const [name, isSeen] of Object.entries(seen))
    if (isSeen && !(name in known)) findings.push(`${means}: the host sees a trace of "${name}"`);
  return findings;
}

export async function run(options, say = () => {}) {
  const { means, only } = { ...defaults, ...options };
  const findings = [];
  const figures = {};
  for (const one of means === 'all' ? Object.keys(policies) : [means]) {
    const reason = obstacle(one);
    if (reason !== undefined) {
      figures[one] = `NOT RUN: ${reason}`;
      say(`${one}: NOT RUN: ${reason}`);
      continue;
    }
    const report = await attemptAll(one);
    const names = Object.keys(report.got);
    for (const name of names.filter((text) => text.includes(only)))
      say(
        `${one.padEnd(10)} ${report.got[name] ? 'OUT ' : 'held'} ${name}: ${report.told[name].slice(0, 100)}`,
      );
    if (report.missing !== undefined) say(`${one}: native attempts NOT RUN: there is no ${report.missing}`);
    findings.push(...judge(one, report, only));
    const out = names.filter((name) => report.got[name]).length;
    figures[one] = `${names.length} attempts, ${out} of them get out as SECURITY.md tells`;
  }
  return { findings, figures };
}
