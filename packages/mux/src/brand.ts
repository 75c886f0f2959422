/**
 * Classes that are known by a brand, whichever copy of this package made the object: `@pipework/core` carries one of its own, and
 * what it gives out is to be `instanceof` the class that was imported from here.
 */

/** Makes `instanceof` of `branded`, and of no class derived from it, look for the brand `name`. */
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
