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
 * Each workload has a `name`, a `title`, and the following fields. Workloads of the same `group` share a host
 * process. `cores` says where host and child run. `metrics` describes the results, and `better` says whether
 * a `low` or a `high` result is better. `needs` names a method that the peer must have. `run(context)`
 * measures, and the context is `{ peer, name, time, warmup, quick }`. A workload with `opens` gets the
 * function `open` in place of `peer`. If a workload has `peers`, only those peers run it. `obstacle()`
 * returns the reason why this machine cannot run the workload. With `hasSmallHeap`, the host does not hold
 * the objects of lib/ballast.mjs. If a workload needs a package, it imports the package only when it runs.
 * Otherwise the package would be in the heap of other workloads.
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

/** These ten workloads are also measured under other versions of Node, with the peers `nodePeers`. */
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
