/** Remotes in assertions and snapshots, for Vitest's and Jest's `expect`. Nothing here sends anything. */
import { isRemote } from '@pipework/core';

/** What `expect.addEqualityTesters` takes: undefined leaves the question to the next tester. */
export type EqualityTester = (this: unknown, a: unknown, b: unknown) => boolean | undefined;

/**
 * For `expect.addEqualityTesters`: a remote equals itself and nothing else. Without it, two remotes of one kind are equal to `toEqual`,
 * which finds no properties in either. `@pipework/testkit/vitest` adds it by itself.
 */
export const remoteEquality: EqualityTester = (a, b) =>
  isRemote(a) || isRemote(b) ? Object.is(a, b) : undefined;

/** For `expect.addSnapshotSerializer`, or `snapshotSerializers` of a config. */
export interface RemoteSerializer {
  /** True for a remote. Sends nothing. */
  test(value: unknown): boolean;
  /** Returns the text for a remote. Sends nothing. */
  serialize(value: unknown): string;
}

/**
 * Shows a remote in a snapshot by what it stands for: `[greeter of plugin NAME]`, `[remote object]`, `[remote function]`.
 * `@pipework/testkit/vitest` adds it by itself.
 */
export const remoteSerializer: RemoteSerializer = {
  test: isRemote,
  serialize: (remote) => (typeof remote === 'function' ? '[remote function]' : String(remote)),
};
