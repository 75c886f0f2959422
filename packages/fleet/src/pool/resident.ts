/** Measures how much memory a process holds. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** Returns the resident bytes of the process `pid`; undefined if they cannot be measured, as on Windows. */
export async function residentBytes(pid: number): Promise<number | undefined> {
  try {
    const fields = await readFile(`/proc/${pid}/status`, 'utf8');
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(fields)?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return process.platform === 'linux' || process.platform === 'win32' ? undefined : await askPs(pid);
  }
}

function askPs(pid: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'rss=', '-p', String(pid)], { timeout: 2_000 }, (error, stdout) => {
      const kilobytes = Number.parseInt(stdout, 10);
      resolve(error !== null || Number.isNaN(kilobytes) ? undefined : kilobytes * 1024);
    });
  });
}
