// Draws the chart of the curves. A curve shows how the cost grows with the number of services, streams or
// plugins, or with the size of a value. These numbers and sizes are on a log scale.
import { workloadByName } from '../workloads/index.mjs';
import { bytes, micros, short } from './numbers.mjs';
import { WIDTH, colors, document, dot, line, palette, path, text } from './svg.mjs';

const COLUMNS = 2;
const GAP = 40;
const PANEL = (WIDTH - GAP * (COLUMNS + 1)) / COLUMNS;
const HEIGHT = 300;
const LEFT = 56;
const RIGHT = 100;
const TOP = 44;
const BOTTOM = 48;

/** Returns the chart; undefined if no curve was measured. */
export function curveChart({ settings, machine }, summary) {
  const panels = settings.workloads
    .map((name) => workloadByName.get(name))
    .filter((workload) => workload.group === 'curve')
    .map((workload) => ({ workload, lines: linesOf(workload, settings, summary) }))
    .filter(({ lines }) => lines.length > 0);
  if (panels.length === 0) return undefined;
  const top = 64;
  const parts = [
    text(GAP, 30, 'How the cost grows', { size: 18, weight: 600 }),
    text(GAP, 50, `${machine.runtime}, ${machine.cores} cores, one round`, {
      fill: colors.quiet,
    }),
  ];
  panels.forEach(({ workload, lines }, i) => {
    const x = GAP + (i % COLUMNS) * (PANEL + GAP);
    parts.push(...panel(x, top + Math.floor(i / COLUMNS) * HEIGHT, workload, lines));
  });
  return document(top + Math.ceil(panels.length / COLUMNS) * HEIGHT, parts, 'pipework benchmark: curves');
}

function linesOf(workload, settings, summary) {
  return settings.peers
    .filter((peer) => summary[peer][workload.name] !== undefined)
    .map((peer) => ({
      peer,
      points: summary[peer][workload.name].points.points,
      color: colorOf(peer, drawn(settings.peers, summary)),
    }));
}

/**
 * Returns the peers that have a curve in any panel. The place of a peer in this list decides its colour,
 * which is therefore the same in all panels.
 */
function drawn(names, summary) {
  return names.filter((peer) =>
    Object.keys(summary[peer]).some((name) => workloadByName.get(name).group === 'curve'),
  );
}

function colorOf(peer, all) {
  if (peer === 'pipework') return palette[0];
  if (peer === 'floor') return palette[1];
  return palette[
    2 + (all.filter((name) => name !== 'pipework' && name !== 'floor').indexOf(peer) % (palette.length - 2))
  ];
}

function panel(x, y, workload, lines) {
  const logY = workload.axis === 'bytes';
  const all = lines.flatMap(({ points }) => points);
  const xs = all.map(([value]) => value);
  const ys = all.map(([, value]) => value);
  const [left, right] = [x + LEFT, x + PANEL - RIGHT];
  const [bottom, top] = [y + HEIGHT - BOTTOM, y + TOP];
  const scaleX = scaleOf(Math.log(Math.min(...xs)), Math.log(Math.max(...xs)), left, right);
  const toY = logY ? Math.log : (value) => value;
  const scaleY = scaleOf(logY ? Math.log(Math.min(...ys)) : 0, toY(Math.max(...ys)), bottom, top);
  const parts = [
    text(x, y + 14, workload.title, { size: 13, weight: 600 }),
    text(
      x,
      y + 30,
      `${workload.metrics[0].title}${logY ? ', log scale; less is better' : '; more is better'}`,
      { size: 11, fill: colors.quiet },
    ),
  ];
  for (const tick of ticks(logY, Math.min(...ys), Math.max(...ys))) {
    const at = scaleY(toY(tick));
    parts.push(
      line(left, at, right, at),
      text(left - 6, at + 4, logY ? micros(tick) : short(tick), {
        anchor: 'end',
        size: 11,
        fill: colors.quiet,
      }),
    );
  }
  const marks = [...new Set(xs)];
  // Twelve sizes do not fit next to each other, so only every other one is named.
  const step = marks.length > 8 ? 2 : 1;
  for (let i = marks.length - 1; i >= 0; i -= step) {
    const tick = marks[i];
    const label = workload.axis === 'bytes' ? bytes(tick).replace(' ', '') : tick;
    parts.push(
      text(scaleX(Math.log(tick)), bottom + 16, label, { anchor: 'middle', size: 10, fill: colors.quiet }),
    );
  }
  parts.push(
    text((left + right) / 2, bottom + 34, workload.axis, { anchor: 'middle', size: 11, fill: colors.quiet }),
  );
  for (const { points, color } of lines) {
    const placed = points.map(([px, py]) => [scaleX(Math.log(px)), scaleY(toY(py))]);
    parts.push(path(placed, color), ...placed.map(([px, py]) => dot(px, py, color)));
  }
  parts.push(...labels(lines, (line) => scaleY(toY(line.points.at(-1)[1])), right + 8));
  return parts;
}

/** Puts names at the ends of the lines. Names that would overlap are moved apart. */
function labels(lines, heightOf, x) {
  const placed = lines.map((line) => ({ ...line, y: heightOf(line) })).sort((a, b) => a.y - b.y);
  for (let i = 1; i < placed.length; i++) placed[i].y = Math.max(placed[i].y, placed[i - 1].y + 13);
  return placed.map(({ peer, color, y }) =>
    text(x, y + 4, peer, { size: 11, fill: color, weight: peer === 'pipework' ? 700 : 400 }),
  );
}

const scaleOf = (from, to, low, high) => (value) => low + ((value - from) / (to - from || 1)) * (high - low);

function ticks(log, low, high) {
  if (!log) return [0, 0.25, 0.5, 0.75, 1].map((part) => part * high);
  const found = [];
  for (let power = Math.ceil(Math.log10(low)); power <= Math.log10(high); power++) found.push(10 ** power);
  return found;
}
