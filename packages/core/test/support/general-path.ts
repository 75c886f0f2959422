/**
 * Replaces the parts of core that only improve speed, because core must work without them
 * (docs/decisions/0003). The project `core-general` loads this file before its test files. That project also
 * runs the published msgpackr unedited, because vitest.config.ts edits msgpackr only for the project `core`.
 */
import { vi } from 'vitest';

// A message takes the fast path only if the depth limit is at least `maxPlainLevels`. Here `maxPlainLevels`
// is infinity, which no limit reaches, so no message takes the fast path.
vi.mock('../../src/rpc/messages/small/limits.ts', async (original) => ({
  ...(await original<object>()),
  maxPlainLevels: Number.POSITIVE_INFINITY,
}));

// Neither side announces `tables`, except in a test that lists capabilities itself.
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
