import { expect, onTestFinished, test, vi } from 'vitest';

const MiB = 1024 * 1024;

test('countReceived() allocates one block of 20 MiB when 8 MiB of large values have arrived, to raise glibc’s trim threshold', async () => {
  // Other tests in this process share the module, and may have counted values before this one.
  vi.resetModules();
  const { countReceived } = await import('./malloc-trim.ts');
  const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow');
  onTestFinished(() => allocate.mockRestore());
  for (let i = 0; i < 7; i++) countReceived(MiB);
  expect(allocate).not.toHaveBeenCalled();
  countReceived(MiB);
  countReceived(100 * MiB);
  expect(allocate).toHaveBeenCalledExactlyOnceWith(20 * MiB);
});
