import { conformance } from '@pipework/testkit';
import { describe, expect, test } from 'vitest';
import { command, missing } from './support/go.ts';

const skipped = missing === undefined ? '' : ` (SKIPPED: ${missing})`;

// Each check starts processes of its own, and some wait for seconds: so they run side by side.
describe.skipIf(missing !== undefined).concurrent(`conformance${skipped}`, () => {
  for (const check of conformance({ cmd: command }).checks) {
    test(`${check.section}: ${check.name}`, async ({ skip }) => {
      const outcome = await check.run();
      if (outcome.status === 'does not apply') skip(outcome.reason);
      if (outcome.status === 'failed') throw new Error(`${outcome.reason}\n${outcome.details}`);
      expect(outcome.status).toBe('passed');
    });
  }
});
