import { hostname } from 'node:os';
import { serve } from '@pipework/core/plugin';
import type { Plugins } from './contract.ts';

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor += 1) if (n % divisor === 0) return false;
  return n > 1;
}

await serve<Plugins>({
  plugins: {
    worker: () => ({
      async primes(below) {
        let count = 0;
        for (let n = 2; n < below; n += 1) if (isPrime(n)) count += 1;
        return { count, host: hostname(), pid: process.pid };
      },
    }),
  },
});
