// Makes the table of the mux alone from the results of bench/mux.mjs. The table compares the mux with the
// bare pipes and with the other yamux libraries of npm.
import { median } from '../lib/loops.mjs';
import { works } from '../mux/works.mjs';
import { short } from './numbers.mjs';

export const titles = Object.fromEntries(works.map(({ name, title }) => [name, title]));

/** `results` has a list for each work and candidate: the rate of each round, or null if the round failed. */
export function muxTable(results) {
  const columns = Object.keys(results);
  const names = [...new Set(columns.flatMap((work) => Object.keys(results[work])))];
  const lines = ['## The mux alone', ''];
  lines.push('The figure in brackets is the ratio to the bare pipes, if they can do the same work.', '');
  lines.push(`| mux | ${columns.map((work) => titles[work] ?? work).join(' | ')} |`);
  lines.push(`| --- | ${columns.map(() => '---:').join(' | ')} |`);
  for (const name of names) {
    const cells = columns.map((work) => cell(results[work], name));
    lines.push(`| ${name === 'pipework' ? '**pipework**' : name} | ${cells.join(' | ')} |`);
  }
  return [...lines, ''];
}

function cell(rates, name) {
  const own = (rates[name] ?? []).filter((rate) => typeof rate === 'number');
  if (own.length === 0) return (rates[name] ?? []).length > 0 ? 'failed' : '-';
  const base = rates.raw ?? [];
  const ratios = rates[name]
    .map((rate, round) => rate / base[round])
    .filter((ratio) => Number.isFinite(ratio) && ratio > 0);
  return `${short(median(own))}${ratios.length > 0 ? ` (${median(ratios).toFixed(2)})` : ''}`;
}
