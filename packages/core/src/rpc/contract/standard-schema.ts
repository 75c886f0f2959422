/**
 * The interface of Standard Schema, version 1, which zod, valibot, arktype and others implement. The
 * interface consists of types only, and needs no dependency.
 */

/** A schema of any validator that implements Standard Schema. */
export interface StandardSchema<Input = unknown, Output = Input> {
  /**
   * The properties that Standard Schema requires: the version of Standard Schema, the library's name and
   * `validate`.
   */
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    /**
     * Present if the validator implements Standard JSON Schema. Its functions make a JSON Schema of the input
     * or of the output.
     */
    readonly jsonSchema?:
      | {
          readonly input: (options: { readonly target: 'draft-2020-12' }) => Record<string, unknown>;
          readonly output: (options: { readonly target: 'draft-2020-12' }) => Record<string, unknown>;
        }
      | undefined;
  };
}

/**
 * Returns the JSON Schema of a schema. Returns undefined if the validator makes no JSON Schemas, makes none
 * from this schema (for instance from a date), or makes something that is not JSON. Does not throw in these
 * cases, because one schema's error would prevent the description of all methods.
 */
export function jsonSchemaOf(schema: StandardSchema, side: 'input' | 'output'): unknown {
  try {
    return JSON.parse(JSON.stringify(schema['~standard'].jsonSchema?.[side]({ target: 'draft-2020-12' })));
  } catch {
    return undefined;
  }
}

/** The result of a validation: the accepted value, or a list of issues. */
export type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

/** One fault that a validator finds in a value. */
export interface SchemaIssue {
  /** A text that tells people what is wrong. */
  readonly message: string;
  /** The path to the wrong part of the value, outermost key first. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The type that a schema accepts. */
export type InputOf<S> = S extends StandardSchema<infer Input, unknown> ? Input : never;

/** The type that a schema produces. */
export type OutputOf<S> = S extends StandardSchema<infer _Input, infer Output> ? Output : never;

/** Returns the first five issues of a failed validation in one line, with their paths. */
export function describeIssues(issues: readonly SchemaIssue[], root: string): string {
  return issues
    .slice(0, 5)
    .map(({ message, path = [] }) => {
      const steps = path.map((step) => (typeof step === 'object' ? step.key : step));
      return `${root}${steps.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')}: ${message}`;
    })
    .join('; ');
}
