/** Keeps errors in telemetry away from the program that turned telemetry on. */
import { diag } from '@opentelemetry/api';

/**
 * Returns the result of `act`. If `act` throws, reports the error to OpenTelemetry's `diag`, and returns
 * `otherwise`.
 */
export function guarded<T>(what: string, act: () => T, otherwise: T): T {
  try {
    return act();
  } catch (error) {
    diag.error(`@pipework/otel: ${what} failed`, error);
    return otherwise;
  }
}
