/** Declares values whose hover texts `hovers.test.ts` reads. Nothing runs this file. */
import { checked, defineContract } from '../../src/index.ts';
import type { ContractInterface, Remote, StandardSchema } from '../../src/index.ts';

declare const text: StandardSchema<string>;
declare const count: StandardSchema<number>;

interface Greeter {
  /** Greets a person. */
  greet(name: string, times?: number): Promise<string>;
  /** Says goodbye, if the plugin can. */
  leave?(name: string): Promise<string>;
  /** Adds two numbers. */
  add(left: number, right: number): number;
}
export declare const remoteGreeter: Remote<Greeter>;
export const { greet, leave, add } = remoteGreeter;

const fromSchemas = defineContract({
  greet: { input: [text, count], output: text, errors: { NOBODY: text } },
  names: { input: [text], items: text },
});
interface FromSchemas extends ContractInterface<typeof fromSchemas> {}
declare const dispensed: Remote<FromSchemas>;
declare const untyped: object;
export const checkedByName = checked(fromSchemas, dispensed);
export const checkedUntyped = checked(fromSchemas, untyped);
export const checkedOther = checked(fromSchemas, remoteGreeter);
export const { greet: greetBySchemas } = checkedByName;

interface Directory {
  /** Greets a person. */
  greet(name: string, times: number): Promise<string>;
  /** Lists the names that begin with a prefix. */
  names(prefix: string): AsyncIterable<string>;
}
const fromInterface = defineContract<Directory>()({
  greet: { input: [text, count], output: text, errors: { NOBODY: text } },
  names: { input: [text], items: text },
});
export const checkedDirectory = checked(fromInterface, untyped);
export const { names } = checkedDirectory;
