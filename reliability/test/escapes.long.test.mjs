// The short form of `node reliability/run.mjs escapes`. The long form tries Deno too.
import { describe, expect, test } from 'vitest';
import { obstacle, run } from '../programs/escapes.mjs';

// This test cannot run under the seal, because its host listens on sockets that the plugin tries to reach.
const isSealed = process.env.PIPEWORK_SEALED === '1';

describe.each(['bubblewrap', 'node'])('nothing escapes from', (means) => {
  const found = isSealed ? 'it listens on sockets' : obstacle(means);
  const why =
    found === undefined
      ? ''
      : ` (SKIPPED: it can't be tried: ${means === 'node' ? found : 'needs bwrap and namespaces, unsealed'})`;
  test.skipIf(found !== undefined)(`${means} except what SECURITY.md lists${why}`, async () => {
    const { findings, figures } = await run({ means });
    expect(findings).toEqual([]);
    expect(figures[means]).toMatch(/^\d{2,} attempts/);
  });
});
