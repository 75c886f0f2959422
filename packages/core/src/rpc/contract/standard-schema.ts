/** The interface of Standard Schema, version 1, which zod, valibot, arktype and others implement: types alone, no dependency. */

export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What may be given to a schema, and what it makes of it. */
export type InputOf<S> = S extends StandardSchema<infer Input, unknown> ? Input : never;
export type OutputOf<S> = S extends StandardSchema<infer _Input, infer Output> ? Output : never;

/** The first issues of a failed validation in one line, with their paths. */
export function describeIssues(issues: readonly SchemaIssue[], root: string): string {
  return issues
    .slice(0, 5)
    .map(({ message, path = [] }) => {
      const steps = path.map((step) => (typeof step === 'object' ? step.key : step));
      return `${root}${steps.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')}: ${message}`;
    })
    .join('; ');
}
