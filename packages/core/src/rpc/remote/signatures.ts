/** Lists the overloads of a function type. */

/** The supertype of every function, because any parameter accepts `never`. */
export type AnyFunction = (...args: never) => unknown;

/** True for two identical types. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/**
 * The signatures of a function in order, each as `[arguments, result]`. Of more than eight signatures, only
 * the last eight are listed. If a function has fewer than eight, TypeScript repeats the first signature, and
 * this type removes the repetitions.
 */
export type Signatures<F extends AnyFunction> = F extends {
  (...args: infer A1): infer R1;
  (...args: infer A2): infer R2;
  (...args: infer A3): infer R3;
  (...args: infer A4): infer R4;
  (...args: infer A5): infer R5;
  (...args: infer A6): infer R6;
  (...args: infer A7): infer R7;
  (...args: infer A8): infer R8;
}
  ? WithoutRepeats<[[A1, R1], [A2, R2], [A3, R3], [A4, R4], [A5, R5], [A6, R6], [A7, R7], [A8, R8]]>
  : [];

/** A list of signatures without the repetitions at its beginning. */
export type WithoutRepeats<L extends readonly unknown[]> = L extends [
  infer First,
  infer Second,
  ...infer Rest,
]
  ? Same<First, Second> extends true
    ? WithoutRepeats<[Second, ...Rest]>
    : L
  : L;
