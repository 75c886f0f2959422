import { fileURLToPath } from 'node:url';
import type { Reference } from '@pipework/core';

/** The interface of `fixtures/worker.mjs`. */
export interface Worker {
  pid(): Promise<number>;
  version(): Promise<string>;
  echo<T>(value: T): Promise<T>;
  note(file: string, id: number): Promise<void>;
  wait(ms: number): Promise<void>;
  block(ms: number): Promise<void>;
  hang(): Promise<never>;
  die(code?: number): Promise<never>;
  count(to: number): AsyncIterable<number>;
  web(): Promise<ReadableStream<number>>;
  counter(): Promise<Reference<{ next(): Promise<number> }>>;
  ask(question: string): Promise<string>;
  call(callback: (pid: number) => Promise<void>): Promise<void>;
}

export interface Workers {
  worker: Worker;
}

export const program: string = fileURLToPath(new URL('../fixtures/worker.mjs', import.meta.url));

export const workerCommand = (...args: string[]): [string, ...string[]] => [
  process.execPath,
  program,
  ...args,
];
