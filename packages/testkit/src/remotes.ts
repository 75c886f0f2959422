/**
 * Lets `expect` of Vitest and Jest compare remotes and show them in snapshots. No function in this file sends
 * a message to a plugin.
 */
import { isRemote } from '@pipework/core';

/**
 * The type that `expect.addEqualityTesters` accepts. If a tester returns undefined, the next tester decides.
 */
export type EqualityTester = (this: unknown, a: unknown, b: unknown) => boolean | undefined;

/**
 * A tester for `expect.addEqualityTesters`. For this tester, a remote equals only itself. Without this
 * tester, `toEqual` treats two remotes of one kind as equal, because it finds no properties in either.
 * `@pipework/testkit/vitest` adds this tester automatically.
 */
export const remoteEquality: EqualityTester = (a, b) =>
  isRemote(a) || isRemote(b) ? Object.is(a, b) : undefined;

/** The type that `expect.addSnapshotSerializer` and the config's option `snapshotSerializers` accept. */
export interface RemoteSerializer {
  /** True for a remote. Sends nothing. */
  test(value: unknown): boolean;
  /** Returns the text for a remote. Sends nothing. */
  serialize(value: unknown): string;
}

/**
 * Shows a remote in a snapshot by its target: `[greeter of plugin NAME]`, `[remote object]`, `[remote
 * function]`. `@pipework/testkit/vitest` adds this serializer automatically.
 */
export const remoteSerializer: RemoteSerializer = Object.freeze({
  test: isRemote,
  serialize: (remote: unknown) => (typeof remote === 'function' ? '[remote function]' : String(remote)),
});
