/**
 * Takes the parts that only improve speed out of core. docs/decisions/0003 says that each of them can be
 * taken out. The project `core-general` loads this before its test files. So these tests show that everything
 * works without those parts too. The project also runs the published msgpackr unedited, because
 * vitest.config.ts edits it only for the project `core`.
 */
import { vi } from 'vitest';

// No depth limit reaches this number, so no message takes the fast path.
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
