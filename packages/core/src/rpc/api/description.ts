/** What is known of the methods of a served object, as `$/describe` tells it. */

/** One method. Schemas are JSON Schemas of the values as they travel. */
export interface MethodDescription {
  /** What the contract says about the method, for people. */
  readonly doc?: string;
  /** A schema for each argument, in their order. */
  readonly input?: readonly unknown[];
  /** The schema of the result. */
  readonly output?: unknown;
  /** The schema of each item, if the result is a stream. */
  readonly items?: unknown;
  /** The schema of the data of each declared error, by its code. */
  readonly errors?: Readonly<Record<string, unknown>>;
}

export type MethodDescriptions = Readonly<Record<string, MethodDescription>>;

const describers = new WeakMap<object, () => MethodDescriptions>();

/** From now on `describe` tells of the methods of `served`. Called when it is asked for, once for each question. */
export function describeBy(served: object, describe: () => MethodDescriptions): void {
  describers.set(served, describe);
}

/** What {@link describeBy} said of the object; undefined if nothing did. */
export function descriptionOf(served: object): MethodDescriptions | undefined {
  return describers.get(served)?.();
}
