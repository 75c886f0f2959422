/** What all parts of an instrumentation use: where spans and figures go, and what the user chose. */
import type { Meter, Span, Tracer } from '@opentelemetry/api';
import type { CallTrace } from '@pipework/core/plugin';

export interface Telemetry {
  readonly tracer: Tracer;
  readonly meter: Meter;
  readonly needsParent: boolean;
  readonly ignores: ((call: CallTrace) => boolean) | undefined;
  readonly annotate: ((span: Span, call: CallTrace) => void) | undefined;
}

/** Something that is watched until this is called. What is under way is still told to its end. */
export type Stop = () => void;
