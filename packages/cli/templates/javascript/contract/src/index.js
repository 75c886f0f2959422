/**
 * The interface between host and plugin. This file has only types, for editors and `checkJs`. None of it
 * runs.
 *
 * @typedef {object} Greeter
 * @property {(name: string) => Promise<string>} greet
 * @property {(to: number) => AsyncIterable<number>} count Counts from 1 to `to`.
 *
 * @typedef {object} Plugins Every name that the plugin serves.
 * @property {Greeter} greeter
 */
export {};
