import type { Sampler } from '@opentelemetry/sdk-trace-base';
import type { Attributes } from '@opentelemetry/api';

/** A span that has ended, as plain data. */
export interface ToldSpan {
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client';
  readonly traceId: string;
  readonly spanId: string;
  readonly parent: string | undefined;
  readonly status: 'unset' | 'ok' | 'error';
  readonly message: string | undefined;
  readonly attributes: Attributes;
  readonly events: readonly { readonly name: string; readonly attributes: Attributes }[];
  readonly links: readonly string[];
  readonly process: number;
}

/** The figures of each metric, by the metric's name. The value of a histogram has a property `count`. */
export type Figures = Record<string, readonly { readonly attributes: Attributes; readonly value: unknown }[]>;

export interface Sdk {
  spans(): ToldSpan[];
  reset(): void;
  figures(): Promise<Figures>;
  stop(): Promise<void>;
}

export function startSdk(options?: { sampler?: Sampler }): Sdk;
