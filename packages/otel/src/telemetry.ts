/**
 * Declares the objects and options that all files of this folder share: the makers of spans and metrics, and
 * the user's options.
 */
import type { Meter, Span, Tracer } from '@opentelemetry/api';
import type { CallTrace } from '@pipework/core/plugin';

export interface Telemetry {
  readonly tracer: Tracer;
  readonly meter: Meter;
  readonly needsParent: boolean;
  readonly ignores: ((call: CallTrace) => boolean) | undefined;
  readonly annotate: ((span: Span, call: CallTrace) => void) | undefined;
}

/** Stops watching. Calls and streams that are under way are reported when they end. */
export type Stop = () => void;
