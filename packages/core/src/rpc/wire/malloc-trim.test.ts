import { expect, onTestFinished, test, vi } from 'vitest';

const MiB = 1024 * 1024;

test('glibc’s trim threshold is raised once, by a block that malloc has to map, when 8 MiB of large values have arrived', async () => {
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
