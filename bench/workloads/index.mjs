// The workloads, in the order of the report.
import { lone, loneTwo } from './lone.mjs';
import { flight64, flight1000 } from './flight.mjs';
import { objects, records } from './records.mjs';
import { binary1m, binary64m } from './binary.mjs';
import { stream } from './stream.mjs';
import { callbacks } from './callbacks.mjs';
import { idle, start, startBwrap, startPermission } from './life.mjs';
import { otel } from './otel.mjs';
import { curvePlugins, curveServices, curveSize, curveStreams } from './curves.mjs';

/**
 * A workload: `name`, `title`, `group` (which workloads share a host process), `cores` (where both ends run),
 * `metrics` (its results; `better` is `low` or `high`), `needs` (the adapter's method) and `run(context)`,
 * with `context = { open, peer, name, time, warmup, quick }`. A workload with `opens` opens its peers itself,
 * and gets no `peer`. If it has `peers`, only those peers run it. `obstacle()` returns why this machine
 * cannot run it.
 */
export const workloads = [
  lone,
  loneTwo,
  flight64,
  flight1000,
  objects,
  records,
  binary1m,
  binary64m,
  stream,
  callbacks,
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

export const workloadByName = new Map(workloads.map((workload) => [workload.name, workload]));
