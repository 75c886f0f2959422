/** What large values cost a real plugin, in pages of memory rather than in time. */

import { expect, test } from 'vitest';
import { Client } from '../../src/index.ts';
import { fixture } from '../support/life.ts';

interface Bytes {
  echo(bytes: Uint8Array): Promise<Uint8Array>;
  pageFaults(): Promise<number>;
}

// The list of the network's interfaces would need a socket.
Object.assign(process.report, { excludeNetwork: true });
const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };

test.skipIf(header.glibcVersionRuntime === undefined)(
  'a plugin that gets 1 MiB again and again keeps the memory it has freed, where the allocator is glibc',
  { timeout: 30_000 },
  async () => {
    await using client = new Client<{ bytes: Bytes }>({
      cmd: [process.execPath, fixture('echoes-bytes')],
      stdin: 'ignore',
    });
    const rpc = await client.client();
    const bytes = await rpc.dispense('bytes');
    const value = new Uint8Array(1024 * 1024).fill(7);
    const echo = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) expect((await bytes.echo(value)).byteLength).toBe(value.byteLength);
    };
    await echo(200);
    const before = await bytes.pageFaults();
    await echo(100);
    const after = await bytes.pageFaults();
    // A mebibyte has 256 pages: it was 130 to 250 of them a call before the heap was kept.
    expect((after - before) / 100).toBeLessThan(40);
  },
);
