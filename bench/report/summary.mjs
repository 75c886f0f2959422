// Turns samples into medians. In each round, a peer's figure is divided by the floor's figure, and `ratio` is
// the median of these ratios.
import { median } from '../lib/loops.mjs';
import { workloadByName } from '../workloads/index.mjs';

/** peer -> workload -> metric -> { value, ratio } */
export function summarize({ samples, settings }) {
  const summary = {};
  for (const peer of settings.peers) {
    summary[peer] = {};
    for (const workload of settings.workloads) {
      const own = samples.filter((sample) => sample.peer === peer && sample.workload === workload);
      if (own.length === 0) continue;
      const cells = {};
      for (const metric of workloadByName.get(workload).metrics) {
        cells[metric.key] = metric.curve
          ? { points: medianCurve(own) }
          : medianCell(samples, own, workload, metric.key);
      }
      summary[peer][workload] = cells;
    }
  }
  return summary;
}

function medianCell(samples, own, workload, key) {
  const values = own.map((sample) => sample.values[key]).filter(isNumber);
  if (values.length === 0) return {};
  const ratios = own.map((sample) => sample.values[key] / floorOf(samples, sample.round, workload)?.[key]);
  const known = ratios.filter(isNumber);
  return { value: median(values), ...(known.length > 0 && { ratio: median(known) }) };
}

function floorOf(samples, round, workload) {
  return samples.find(
    (sample) => sample.peer === 'floor' && sample.round === round && sample.workload === workload,
  )?.values;
}

function medianCurve(own) {
  const [first] = own;
  return first.values.points.map(([x], i) => [x, median(own.map((sample) => sample.values.points[i][1]))]);
}

const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);

/**
 * Divides one figure by another figure of the same round, for each round. Returns the median of these ratios.
 */
export function ratioBetween({ samples }, [peer, workload, key], [otherPeer, otherWorkload, otherKey]) {
  const ratios = [];
  for (const sample of samples) {
    if (sample.peer !== peer || sample.workload !== workload) continue;
    const other = samples.find(
      (candidate) =>
        candidate.peer === otherPeer &&
        candidate.workload === otherWorkload &&
        candidate.round === sample.round,
    );
    const ratio = sample.values[key] / other?.values[otherKey];
    if (isNumber(ratio)) ratios.push(ratio);
  }
  return ratios.length > 0 ? median(ratios) : undefined;
}
