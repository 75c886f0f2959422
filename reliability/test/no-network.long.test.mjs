import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { sandboxes } from '../lib/sandboxes.mjs';
import { reaching, trace, whyNotTraced } from '../lib/trace.mjs';

const session = fileURLToPath(new URL('../fixtures/session.mjs', import.meta.url));
const noTrace = whyNotTraced();

test.skipIf(noTrace)(
  `a session makes no network call and creates no file${noTrace ? ` (SKIPPED: ${noTrace})` : ''}`,
  () => {
    const { status, stdout, stderr, calls, made } = trace([process.execPath, session]);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'done\n', stderr: '' });
    expect(Object.keys(calls).filter((call) => reaching.includes(call))).toEqual([]);
    expect(made).toEqual([]);
    // The pipes are anonymous socket pairs: standard input, output and error, and the two of the protocol. A
    // trace that does not show them has recorded nothing.
    expect(calls.socketpair).toBeGreaterThanOrEqual(4);
  },
);

describe('a session works', () => {
  for (const { name, obstacle, wrap } of sandboxes()) {
    test.skipIf(obstacle)(`${name}${obstacle ? ` (SKIPPED: ${obstacle})` : ''}`, () => {
      const { status, signal, stdout, stderr } = wrap(session);
      expect({ status, signal, stdout, stderr }).toEqual({
        status: 0,
        signal: null,
        stdout: 'done\n',
        stderr: '',
      });
    });
  }
});
