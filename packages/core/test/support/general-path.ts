/**
 * Takes the parts that only buy speed out of core, as docs/decisions/0003 says that each can be. The project `core-general` has this
 * in front of its test files, so that what holds with those parts is shown to hold without them. It runs the published msgpackr
 * unedited too: vitest.config.ts edits it for the project `core` alone.
 */
import { vi } from 'vitest';

// No limit of depth is as high, so that no message is written or read by hand.
vi.mock('../../src/rpc/messages/small/limits.ts', async (original) => ({
  ...(await original<object>()),
  maxPlainLevels: Number.POSITIVE_INFINITY,
}));

// Neither side announces tables, except in a test that names its capabilities.
vi.mock(import('../../src/session/capabilities.ts'), async (original) => {
  const module = await original();
  return { ...module, ownCapabilities: module.ownCapabilities.filter((word) => word !== 'tables') };
});

vi.mock(import('../../src/rpc/wire/known-texts.ts'), async (original) => {
  const { KnownTexts } = await original();
  type Make = ConstructorParameters<typeof KnownTexts>[1];
  class MadeTexts extends KnownTexts {
    readonly #make: Make;
    constructor(slots: number, make: Make) {
      super(slots, make);
      this.#make = make;
    }
    override at(...bytes: Parameters<Make>): string | undefined {
      return this.#make(...bytes);
    }
  }
  return { KnownTexts: MadeTexts };
});

vi.mock(import('../../src/rpc/wire/malloc-trim.ts'), () => ({ countReceived: () => {} }));
