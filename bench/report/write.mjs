// Writes the results of a run: results.json, results.md, chart.svg and, if there are curves, curves.svg.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { barChart } from './bars.mjs';
import { curveChart } from './curves.mjs';
import { markdown } from './markdown.mjs';
import { writeReadme } from './readme.mjs';
import { summarize } from './summary.mjs';
import { judge } from './targets.mjs';
import { terminalTable } from './terminal.mjs';

/** `readme` is the path of the README whose table is replaced. It is undefined unless this is a whole run. */
export async function writeReport(folder, { readme, ...data }) {
  mkdirSync(folder, { recursive: true });
  const summary = summarize(data);
  const targets = judge(data, summary);
  const curves = curveChart(data, summary);
  const files = {
    'results.json': `${JSON.stringify({ ...data, summary, targets }, rounded, 1)}\n`,
    'results.md': markdown(data, summary, targets),
    'chart.svg': barChart(data, summary),
    ...(curves !== undefined && { 'curves.svg': curves }),
  };
  // Remove the chart of an earlier run, which does not belong to the new results.
  rmSync(join(folder, 'curves.svg'), { force: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  if (readme !== undefined) await writeReadme(readme, summary);
  return {
    paths: [
      ...Object.keys(files).map((name) => join(folder, name)),
      ...(readme === undefined ? [] : [readme]),
    ],
    summary: terminalTable(data, summary, targets),
  };
}

const rounded = (_key, value) => (typeof value === 'number' ? Number(value.toPrecision(5)) : value);
