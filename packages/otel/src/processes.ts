/**
 * Reports a span for the start of each plugin process and another for its exit, and the metrics of processes.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type Attributes,
  type BatchObservableResult,
  type Counter,
  type Histogram,
  type Span,
} from '@opentelemetry/api';
import type { PluginExit, ProcessTrace } from '@pipework/core';
import { processChannelName } from '@pipework/core/plugin';
import { failureAttributes, failureOf, markFailed } from './failures.ts';
import { guarded } from './guard.ts';
import { attributes, metricNames } from './names.ts';
import { residentBytes } from './resident.ts';
import type { Stop, Telemetry } from './telemetry.ts';

/** The record of a process whose exit has not been reported. `hasStarted` is true after the handshake. */
interface Live {
  readonly start: Span;
  readonly begunAt: number;
  hasStarted: boolean;
}

/** True if {@link residentBytes} works on this system. */
const tellsMemory = process.platform === 'linux';

/** Watches processes that are started from now on, until the returned function is called. */
export function watchProcesses(telemetry: Telemetry): Stop {
  const processes = new Processes(telemetry);
  return () => processes.stop();
}

class Processes {
  readonly #tracer: Telemetry['tracer'];
  readonly #live = new Map<ProcessTrace, Live>();
  readonly #startDuration: Histogram;
  readonly #exits: Counter;
  readonly #stops: readonly Stop[];
  /**
   * The names of all plugins that have started at least once. A plugin that has no process now is reported
   * with 0, because a figure that is not reported keeps its last value.
   */
  readonly #plugins = new Set<string>();

  constructor({ tracer, meter }: Telemetry) {
    this.#tracer = tracer;
    this.#startDuration = meter.createHistogram(metricNames.startDuration, {
      description: 'Time from the start of a plugin to its handshake',
      unit: 's',
      advice: { explicitBucketBoundaries: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60] },
    });
    this.#exits = meter.createCounter(metricNames.exits, {
      description: 'Plugin processes that have ended',
      unit: '{process}',
    });
    const count = meter.createObservableUpDownCounter(metricNames.processes, {
      description: 'Plugin processes that run',
      unit: '{process}',
    });
    const memory = meter.createObservableGauge(metricNames.memory, {
      description: 'Resident memory of all processes of a plugin, on Linux',
      unit: 'By',
    });
    const observe = async (result: BatchObservableResult): Promise<void> => {
      for (const [plugin, { number, bytes }] of await this.#figures()) {
        const told = { [attributes.plugin]: plugin };
        result.observe(count, number, told);
        if (bytes !== undefined) result.observe(memory, bytes, told);
      }
    };
    meter.addBatchObservableCallback(observe, [count, memory]);
    this.#stops = [
      () => meter.removeBatchObservableCallback(observe, [count, memory]),
      on('start', (process) => this.#begun(process)),
      on('asyncStart', (process) => this.#started(process)),
      on('error', (process) => this.#failed(process)),
      on('asyncEnd', (process) => this.#gone(process)),
    ];
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    for (const { start, hasStarted } of this.#live.values()) if (!hasStarted) start.end();
    this.#live.clear();
  }

  /**
   * Returns, for each plugin, how many of its processes run, and the sum of their resident bytes. `bytes` is
   * undefined except on Linux.
   */
  async #figures(): Promise<ReadonlyMap<string, { number: number; bytes: number | undefined }>> {
    const byPlugin = new Map(
      [...this.#plugins].map((name) => [name, { number: 0, bytes: tellsMemory ? 0 : undefined }]),
    );
    await Promise.all(
      [...this.#live].map(async ([{ plugin, pid }, { hasStarted }]) => {
        const figures = byPlugin.get(plugin);
        if (!hasStarted || figures === undefined) return;
        figures.number += 1;
        const bytes = pid === undefined ? undefined : await residentBytes(pid);
        if (figures.bytes !== undefined) figures.bytes += bytes ?? 0;
      }),
    );
    return byPlugin;
  }

  #begun(process: ProcessTrace): void {
    const start = this.#tracer.startSpan(`start ${process.plugin}`, {
      kind: SpanKind.INTERNAL,
      attributes: { [attributes.plugin]: process.plugin },
    });
    this.#live.set(process, { start, begunAt: performance.now(), hasStarted: false });
  }

  #started(process: ProcessTrace): void {
    const live = this.#live.get(process);
    if (live === undefined) return;
    live.hasStarted = true;
    this.#plugins.add(process.plugin);
    live.start.setAttributes(
      withoutUndefined({
        [attributes.pid]: process.pid,
        [attributes.protocolVersion]: process.protocolVersion,
      }),
    );
    live.start.end();
    this.#startDuration.record(seconds(live), { [attributes.plugin]: process.plugin });
  }

  /** Reports a process that did not start. Called after this process has exited. */
  #failed(process: ProcessTrace): void {
    const live = this.#live.get(process);
    if (live === undefined) return;
    this.#live.delete(process);
    const failure = failureOf(process.error);
    markFailed(live.start, process.error, failure);
    live.start.end();
    this.#startDuration.record(seconds(live), {
      [attributes.plugin]: process.plugin,
      ...failureAttributes(failure),
    });
  }

  #gone(process: ProcessTrace): void {
    const live = this.#live.get(process);
    if (live?.hasStarted !== true || process.exit === undefined) return;
    this.#live.delete(process);
    const { plugin, pid, exit } = process;
    this.#exits.add(1, { [attributes.plugin]: plugin, [attributes.endedBy]: exit.by });
    const span = this.#tracer.startSpan(
      `exit ${plugin}`,
      {
        kind: SpanKind.INTERNAL,
        attributes: withoutUndefined({
          ...exitAttributes(exit),
          [attributes.plugin]: plugin,
          [attributes.pid]: pid,
        }),
        links: [{ context: live.start.spanContext() }],
      },
      ROOT_CONTEXT,
    );
    if (exit.by === 'plugin' && exit.code !== 0)
      span.setStatus({
        code: SpanStatusCode.ERROR,
        message: `the plugin ended without a request of the host: ${exit.signal ?? exit.code}`,
      });
    span.end();
  }
}

function on(event: string, act: (process: ProcessTrace) => void): Stop {
  const name = `tracing:${processChannelName}:${event}`;
  const listener = (message: unknown): void =>
    guarded(`the ${event} of a process`, () => act(message as ProcessTrace), undefined);
  subscribe(name, listener);
  return () => void unsubscribe(name, listener);
}

function exitAttributes({ code, signal, by }: PluginExit): Attributes {
  return withoutUndefined({
    [attributes.exitCode]: code ?? undefined,
    [attributes.signal]: signal ?? undefined,
    [attributes.endedBy]: by,
  });
}

function withoutUndefined(all: Attributes): Attributes {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function seconds({ begunAt }: Live): number {
  return (performance.now() - begunAt) / 1_000;
}
