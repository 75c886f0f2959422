/** Makes clients of the plugin `traced.mjs`, and finds spans by name. */
import { fileURLToPath } from 'node:url';
import { Client, type ClientConfig, type Remote } from '@pipework/core';
import { onTestFinished } from 'vitest';
import type { Figures, ToldSpan } from './telemetry.mjs';

export interface Work {
  greet(name: string): Promise<string>;
  active(): Promise<{ traceId: string; spanId: string } | undefined>;
  metadata(): Promise<Record<string, string>>;
  fail(): Promise<never>;
  wait(options: { signal: AbortSignal }): Promise<never>;
  count(to: number): AsyncIterable<number>;
  ask(times: number): AsyncIterable<number>;
  sum(numbers: AsyncIterable<number>): Promise<number>;
  each(words: string[], visit: (word: string) => void | Promise<void>): Promise<void>;
  now(): Promise<number>;
  deeper(name: string): Promise<string>;
  spans(): Promise<ToldSpan[]>;
  forget(): Promise<void>;
  figures(): Promise<Figures>;
}

export interface Clock {
  now(): Promise<number>;
}

export type WorkClient = Client<{ work: Work }, { clock: Clock }>;

export const program = fileURLToPath(new URL('../fixtures/traced.mjs', import.meta.url));

/** The methods by which tests inspect a plugin. Calls of these methods are not traced. */
export const unwatched: ReadonlySet<string> = new Set(['Plugin.spans', 'Plugin.figures', 'Plugin.forget']);

type Options = Partial<ClientConfig> & { silent?: boolean };

/** Makes a client of the plugin. The caller must kill this client. */
export function makeClient({ silent = false, ...config }: Options = {}): WorkClient {
  return new Client<{ work: Work }, { clock: Clock }>({
    cmd: [process.execPath, program, ...(silent ? ['silent'] : [])],
    name: 'worker',
    ...config,
    provide: { clock: () => ({ now: async () => 12 }) },
  });
}

/** Makes a client of the plugin. The client is killed when the test ends. */
export function workClient(options?: Options): WorkClient {
  const client = makeClient(options);
  onTestFinished(async () => void (await client.kill()));
  return client;
}

export async function startWork(options?: Options): Promise<{ client: WorkClient; work: Remote<Work> }> {
  const client = workClient(options);
  const rpc = await client.client();
  return { client, work: await rpc.dispense('work') };
}

/** Returns the only span with this name and kind. If there is not exactly one, throws. */
export function only(spans: readonly ToldSpan[], name: string, kind?: ToldSpan['kind']): ToldSpan {
  const [found, ...others] = spans.filter(
    (span) => span.name === name && (kind === undefined || span.kind === kind),
  );
  if (found !== undefined && others.length === 0) return found;
  const all = spans.map((span) => `${span.kind} ${span.name}`).join(', ');
  throw new Error(`not one span is ${kind ?? ''} ${name}; there are ${all}`);
}
