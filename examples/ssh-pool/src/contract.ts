export interface Worker {
  /** Counts the primes below a number, and tells where that was done. */
  primes(below: number): Promise<{ count: number; host: string; pid: number }>;
}

export interface Plugins {
  worker: Worker;
}
