// Checks that the conformance suite notices if a plugin breaks only one rule.
import { conformance } from '@pipework/testkit';
import { fileURLToPath } from 'node:url';
import { breaches, withoutBreach } from '../mutants/breaches.mjs';

export const help = 'runs the conformance suite against plugins that each break one rule of the protocol';
export const defaults = { only: '', at: 4, timeout: 3_000 };

const plugin = fileURLToPath(new URL('../mutants/plugin.mjs', import.meta.url));

export const suiteFor = (breach, timeoutMs) =>
  conformance({
    cmd: [process.execPath, plugin, ...(breach === undefined ? [] : [breach])],
    timeoutMs,
    startTimeoutMs: 60_000,
  });

/** Returns each check of the suite whose name begins with `name`. */
export const checksNamed = ({ checks }, name) => checks.filter((check) => check.name.startsWith(name));

/**
 * Runs the check that must catch a breach, against a plugin with that breach. Resolves with
 * `{ check, outcome, finding }`. If the check failed, as it must, `finding` is undefined.
 */
export async function tryBreach([breach, checkName], timeoutMs) {
  const checks = checksNamed(suiteFor(breach, timeoutMs), checkName);
  if (checks.length !== 1)
    return { finding: `${breach}: ${checks.length} checks have a name that begins with '${checkName}'` };
  const [check] = checks;
  const outcome = await check.run();
  if (outcome.status === 'failed') return { check, outcome };
  return { check, outcome, finding: `${breach}: '${check.name}' ${outcome.status}` };
}

/** Returns the names of checks that have no breach and are not in `withoutBreach`. */
export function uncovered({ checks }) {
  const names = [...breaches.map(([, name]) => name), ...withoutBreach];
  return checks.filter(({ name }) => !names.some((begin) => name.startsWith(begin))).map(({ name }) => name);
}

export async function run(options, say) {
  const { only, at, timeout } = { ...defaults, ...options };
  const chosen = breaches.filter(([breach]) => breach.includes(only));
  const findings = uncovered(suiteFor(undefined, timeout)).map(
    (name) => `no breach tests this check: ${name}`,
  );
  let caught = 0;
  const waiting = chosen.values();
  const worker = async () => {
    for (const each of waiting) {
      const { check, outcome, finding } = await tryBreach(each, timeout);
      if (finding === undefined) caught++;
      else findings.push(finding);
      const verdict = finding === undefined ? check.name : `NOT CAUGHT: ${finding}`;
      say(`${each[0].padEnd(34)} ${verdict}`);
      if (finding === undefined) say(`${' '.repeat(34)}   ${outcome.reason.split('\n')[0]}`);
    }
  };
  await Promise.all(Array.from({ length: at }, worker));
  if (only === '') {
    // `speaks-the-base` is no breach. It only keeps the plugin from announcing capabilities.
    for (const [name, conduct] of [
      ['without a breach', undefined],
      ['that announces no capability', 'speaks-the-base'],
    ]) {
      const report = await suiteFor(conduct, Math.max(timeout, 20_000)).run({ concurrency: at });
      say(`the plugin ${name}: ${String(report).split('\n').at(-1)}`);
      for (const { check, outcome } of report.failed)
        findings.push(`the plugin ${name}: ${check.name}: ${outcome.reason}`);
    }
  }
  return { findings, figures: { breaches: chosen.length, caught } };
}
