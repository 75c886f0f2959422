/**
 * Recognises instances of a class by a brand, even if another copy of this package made them.
 * `@pipework/core` contains its own copy. An object made by that copy must also be an instance of the class
 * that a program imports from this package.
 */

/**
 * Makes `instanceof branded` look for the brand `name`. Classes derived from `branded` keep the usual
 * `instanceof`.
 */
export function brand(branded: { readonly prototype: object }, name: string): void {
  const key = Symbol.for(name);
  Object.defineProperty(branded.prototype, key, { value: true });
  Object.defineProperty(branded, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      if (this !== branded) return Reflect.apply(Function.prototype[Symbol.hasInstance], this, [value]);
      return typeof value === 'object' && value !== null && key in value;
    },
  });
}
