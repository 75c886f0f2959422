import { describe, expect, test } from 'vitest';
import { defaultLimits, errorCodes, type Limits } from '../index.ts';

describe('an exported table', () => {
  test('of limits keeps its values, whatever a user assigns', () => {
    const limits = defaultLimits as { -readonly [K in keyof Limits]: number };
    expect(() => (limits.maxDepth = 1)).toThrow(TypeError);
    expect(defaultLimits.maxDepth).toBe(128);
  });

  test('of error codes keeps its sentences, whatever a user assigns', () => {
    const codes = errorCodes as Record<string, string>;
    expect(() => (codes['MINE'] = 'mine')).toThrow(TypeError);
    expect(() => delete codes['RPC_CLOSED']).toThrow(TypeError);
  });
});
