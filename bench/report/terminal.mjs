// Formats the short form for the terminal: the first figure of each workload with its ratio to the floor, and
// the targets.
import { workloadByName } from '../workloads/index.mjs';
import { short } from './numbers.mjs';

export function terminalTable({ settings }, summary, targets) {
  const columns = settings.workloads
    .map((name) => workloadByName.get(name))
    .filter(({ group }) => group !== 'curve');
  const lines = ['Figure (ratio to the floor):'];
  lines.push(
    row(
      '',
      columns.map(({ name }) => name),
    ),
  );
  for (const peer of settings.peers) {
    lines.push(
      row(
        peer,
        columns.map((workload) => cellText(summary[peer][workload.name]?.[workload.metrics[0].key])),
      ),
    );
  }
  if (targets.length > 0) {
    lines.push('', `Targets: ${targets.filter(({ met }) => met).length} of ${targets.length} met`);
    for (const { workload, what, wanted, got, met } of targets) {
      lines.push(`  ${met ? 'met   ' : 'MISSED'} ${workload.padEnd(18)} ${what}: ${got} (wanted ${wanted})`);
    }
  }
  return lines.join('\n');
}

const row = (name, cells) => name.padEnd(16) + cells.map((cell) => cell.padStart(20)).join('');

function cellText(cell) {
  if (cell?.value === undefined) return '-';
  return `${short(cell.value)}${cell.ratio === undefined ? '' : ` (${cell.ratio.toFixed(2)})`}`;
}
