import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ReceiveWindow, SendWindow } from './window.ts';

const KiB = 1024;

describe('a send window', () => {
  test('starts at 256 KiB with any configuration', () => {
    expect(new SendWindow().available).toBe(256 * KiB);
  });

  test('falls by the sent bytes and rises by the granted bytes', () => {
    const window = new SendWindow();
    window.consume(256 * KiB);
    expect(window.available).toBe(0);
    expect(window.grant(100)).toBe(true);
    expect(window.available).toBe(100);
  });

  test('refuses a grant beyond 32 bits and does not change', () => {
    const window = new SendWindow();
    expect(window.grant(0xffff_ffff - 256 * KiB)).toBe(true);
    expect(window.grant(1)).toBe(false);
    expect(window.available).toBe(0xffff_ffff);
  });

  test('never goes below zero', () => {
    expect(() => new SendWindow().consume(256 * KiB + 1)).toThrow(
      new RangeError('262145 bytes for a window of 262144'),
    );
  });
});

describe('a receive window', () => {
  test('refuses more than it promised', () => {
    const window = new ReceiveWindow();
    expect(window.accept(256 * KiB)).toBe(true);
    expect(window.accept(1)).toBe(false);
  });

  test('grants credit as soon as half a window was taken, and not before', () => {
    const window = new ReceiveWindow();
    window.accept(200_000);
    expect(window.release(128 * KiB - 1)).toBe(0);
    expect(window.release(1)).toBe(128 * KiB);
  });

  test('announces growth with the next grantAll()', () => {
    const window = new ReceiveWindow();
    window.grow(1024 * KiB);
    expect(window.grantAll()).toBe(768 * KiB);
    expect(window.promised).toBe(1024 * KiB);
  });

  test('never shrinks', () => {
    const window = new ReceiveWindow();
    window.grow(10);
    expect(window.size).toBe(256 * KiB);
  });

  test('refuses to release more than it holds', () => {
    const window = new ReceiveWindow();
    window.accept(10);
    expect(() => window.release(11)).toThrow(new RangeError('11 bytes taken of 10 held'));
    window.release(10);
    expect(window.held).toBe(0);
  });

  test('never exceeds its size, and promises at least half of its size after all bytes were taken', () => {
    const step = fc.record({
      kind: fc.constantFrom('accept', 'release'),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 200 }),
        fc.integer({ min: 256 * KiB, max: 4096 * KiB }),
        (steps, size) => {
          const window = new ReceiveWindow();
          window.grow(size);
          window.grantAll();
          let sendable = size;
          for (const { kind, share } of steps) {
            if (kind === 'accept') {
              const bytes = Math.floor(sendable * share);
              expect(window.accept(bytes)).toBe(true);
              sendable -= bytes;
            } else {
              sendable += window.release(Math.floor(window.held * share));
            }
            expect(window.promised).toBe(sendable);
            expect(window.promised + window.held).toBeLessThanOrEqual(size);
            // The credit that is held back is less than half a window, so a sender never waits for a reader
            // that has read everything.
            if (window.held === 0) expect(window.promised).toBeGreaterThan(size / 2 - 1);
          }
        },
      ),
    );
  });
});
