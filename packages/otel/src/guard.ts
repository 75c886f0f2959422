/** Keeps failures of telemetry away from the program that is watched. */
import { diag } from '@opentelemetry/api';

/**
 * Runs `act`. If the function throws, reports the error to OpenTelemetry's own log, and returns `otherwise`.
 */
export function guarded<T>(what: string, act: () => T, otherwise: T): T {
  try {
    return act();
  } catch (error) {
    diag.error(`@pipework/otel: ${what} failed`, error);
    return otherwise;
  }
}
