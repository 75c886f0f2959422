/** Declares values whose hover texts `hovers.test.ts` reads. Nothing runs this file. */
import type { Remote } from '../../src/index.ts';

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
