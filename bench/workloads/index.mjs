// The workloads, in the order of the report.
import { lone, loneFree, loneTwo } from './lone.mjs';
import { flight64, flight1000 } from './flight.mjs';
import { objects, records } from './records.mjs';
import { binary1m, binary64m, smallHeap1m } from './binary.mjs';
import { stream } from './stream.mjs';
import { callbacks } from './callbacks.mjs';
import { context } from './context.mjs';
import { firstHost, importPlugin } from './first-host.mjs';
import { idle, start, startBwrap, startPermission } from './life.mjs';
import { otel } from './otel.mjs';
import { manyValueStreams } from './value-streams.mjs';
import { curvePlugins, curveServices, curveSize, curveStreams } from './curves.mjs';

/**
 * A workload: `name`, `title`, `group` (which workloads share a host process), `cores` (where both ends run),
 * `metrics` (its results; `better` is `low` or `high`), `needs` (the adapter's method) and `run(context)`,
 * with `context = { open, peer, name, time, warmup, quick }`. A workload with `opens` gets `open` in place of
 * `peer`. If a workload has `peers`, only those peers run it. `obstacle()` returns the reason why this
 * machine cannot run the workload. With `hasSmallHeap`, the host holds no ballast. A workload imports
 * packages only when it runs, so that they are not in the heap of other workloads.
 */
export const workloads = [
  lone,
  loneTwo,
  loneFree,
  context,
  flight64,
  flight1000,
  objects,
  records,
  binary1m,
  smallHeap1m,
  binary64m,
  stream,
  manyValueStreams,
  callbacks,
  firstHost,
  importPlugin,
  start,
  startBwrap,
  startPermission,
  idle,
  otel,
  curveServices,
  curveStreams,
  curvePlugins,
  curveSize,
];

/** The ten workloads that have a column for each version of Node, with the peers that are measured there. */
export const nodeWorkloads = [
  'first-host',
  'start',
  'lone',
  'flight-64',
  'objects',
  'records',
  'binary-1m',
  'small-heap-1m',
  'stream',
  'callbacks',
];
export const nodePeers = ['floor', 'pipework', 'fork-json', 'fork-advanced'];

export const workloadByName = new Map(workloads.map((workload) => [workload.name, workload]));
