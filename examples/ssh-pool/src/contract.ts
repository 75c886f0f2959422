export interface Worker {
  /** Counts the primes below a number, and tells which machine and process did it. */
  primes(below: number): Promise<{ count: number; host: string; pid: number }>;
}

export interface Plugins {
  worker: Worker;
}
