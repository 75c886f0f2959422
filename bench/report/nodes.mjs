// Reports the ten most important workloads under other versions of Node.
import { workloadByName } from '../workloads/index.mjs';
import { short } from './numbers.mjs';
import { summarize } from './summary.mjs';

/**
 * Returns the data and the summary of another version of Node, in the same form as those of the whole run.
 */
export function ofNode({ samples, peers, workloads }) {
  const data = { samples, settings: { peers, workloads } };
  return [data, summarize(data)];
}

export function nodeTables(data, summary) {
  const { nodes = [], machine } = data;
  if (nodes.length === 0) return [];
  const [, mainVersion] = machine.runtime.split(' ');
  const columns = [
    { version: mainVersion, summary },
    ...nodes.map((node) => ({ version: node.version, summary: ofNode(node)[1] })),
  ].toSorted((a, b) => major(a.version) - major(b.version));
  const lines = [
    '## On other versions of Node',
    '',
    'Other versions have two rounds. The figure in brackets is the ratio to the floor of the same version.',
    '',
    `| | peer | ${columns.map(({ version }) => version).join(' | ')} |`,
    `| --- | --- | ${columns.map(() => '---:').join(' | ')} |`,
  ];
  for (const name of nodes[0].workloads) {
    const { title, metrics } = workloadByName.get(name);
    const [metric] = metrics;
    nodes[0].peers.forEach((peer, i) => {
      const cells = columns.map((column) => cell(column.summary[peer]?.[name]?.[metric.key]));
      const head = i === 0 ? `${title}: ${metric.title}` : '';
      lines.push(`| ${head} | ${peer === 'pipework' ? '**pipework**' : peer} | ${cells.join(' | ')} |`);
    });
  }
  return [...lines, ''];
}

function cell(found) {
  if (found?.value === undefined) return '-';
  return `${short(found.value)}${found.ratio === undefined ? '' : ` (${found.ratio.toFixed(2)})`}`;
}

const major = (version) => Number(/\d+/.exec(version)[0]);
