export interface Worker {
  /** Counts the primes below a number. `host` and `pid` name the machine and the process that counted. */
  primes(below: number): Promise<{ count: number; host: string; pid: number }>;
}

export interface Plugins {
  worker: Worker;
}
