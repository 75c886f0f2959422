/** Checks the types of supervisors and pools whose plugin speaks several protocol versions. */
import type { Remote, Versioned } from '@pipework/core';
import { expectTypeOf, test } from 'vitest';
import type { Supervisor, SupervisorConfig } from '../src/index.ts';

interface Old {
  greet(name: string): Promise<string>;
}
interface New {
  greet(name: string): Promise<string>;
  languages(): Promise<string[]>;
}
type Plugins = Versioned<{ 1: { greeter: Old }; 2: { greeter: New } }>;

test('in setup, a check of the version narrows the type of the connection', () => {
  const config: SupervisorConfig<Plugins> = {
    cmd: ['x'],
    protocolVersions: [1, 2],
    setup: async (rpc) => {
      if (rpc.protocolVersion !== 2) return;
      expectTypeOf(await rpc.dispense('greeter')).toEqualTypeOf<Remote<New>>();
    },
    health: {
      everyMs: 1,
      timeoutMs: 1,
      failures: 1,
      check: async (rpc) => {
        expectTypeOf(rpc.protocolVersion).toEqualTypeOf<1 | 2>();
      },
    },
  };
  expectTypeOf(config).toBeObject();
});

test('a supervisor accepts only the versions of its plugins', () => {
  // @ts-expect-error -- the type of `rpc.protocolVersion` lacks version 3
  const config: SupervisorConfig<Plugins> = { cmd: ['x'], protocolVersions: [1, 2, 3] };
  expectTypeOf(config).toBeObject();
});

test('a remote over processes of any version has only the methods that all versions have', () => {
  const use = async (supervisor: Supervisor<Plugins>): Promise<void> => {
    const greeter = await supervisor.dispense('greeter');
    expectTypeOf(await greeter.greet('you')).toEqualTypeOf<string>();
    // @ts-expect-error -- a process of version 1 has no such method
    await greeter.languages();
  };
  expectTypeOf(use).toBeFunction();
});
