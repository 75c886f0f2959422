/** Descriptions of the methods of a served object, as `$/describe` returns them. */

/** The description of one method. Each schema is a JSON Schema of the value as it is sent. */
export interface MethodDescription {
  /** The contract's text that tells people what the method does. */
  readonly doc?: string;
  /** The schemas of the arguments, in order. */
  readonly input?: readonly unknown[];
  /** The schema of the result. */
  readonly output?: unknown;
  /** The schema of each item, if the result is a stream. */
  readonly items?: unknown;
  /** For each declared error, the schema of its data. The key is the error's code. */
  readonly errors?: Readonly<Record<string, unknown>>;
}

export type MethodDescriptions = Readonly<Record<string, MethodDescription>>;

const describers = new WeakMap<object, () => MethodDescriptions>();

/** From now on `describe` describes the methods of `served`. `describe` is called each time the peer asks. */
export function describeBy(served: object, describe: () => MethodDescriptions): void {
  describers.set(served, describe);
}

/** The description that {@link describeBy} set for the object; undefined if there is none. */
export function descriptionOf(served: object): MethodDescriptions | undefined {
  return describers.get(served)?.();
}
