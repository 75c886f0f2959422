/** The interface of Standard Schema, version 1, which zod, valibot, arktype and others implement: types alone, no dependency. */

export interface StandardSchema<Input = unknown, Output = Input> {
  /** What the Standard Schema interface asks of a validator: its version, the library's name and `validate`. */
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    /** Standard JSON Schema, if the validator has it: makes a JSON Schema of what goes in, or of what comes out. */
    readonly jsonSchema?:
      | {
          readonly input: (options: { readonly target: 'draft-2020-12' }) => Record<string, unknown>;
          readonly output: (options: { readonly target: 'draft-2020-12' }) => Record<string, unknown>;
        }
      | undefined;
  };
}

/**
 * The JSON Schema of a schema; undefined if its validator makes none, or none of this one (a date, a transformation), or what it makes is no
 * JSON. One schema that cannot travel would fail the description of all methods.
 */
export function jsonSchemaOf(schema: StandardSchema, side: 'input' | 'output'): unknown {
  try {
    return JSON.parse(JSON.stringify(schema['~standard'].jsonSchema?.[side]({ target: 'draft-2020-12' })));
  } catch {
    return undefined;
  }
}

/** What a validator makes of a value: the value that it lets through, or what is wrong with it. */
export type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

/** One thing that a validator finds wrong with a value. */
export interface SchemaIssue {
  /** What is wrong, for people. */
  readonly message: string;
  /** Where it is inside the value, outermost key first. */
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
