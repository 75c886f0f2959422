import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, onTestFinished, test } from 'vitest';
import { Client, type ProcessTrace } from '../../src/index.ts';
import { plugin } from '../support/life.ts';

/** Returns a list that collects the events of pipework:process, each with the facts known at that moment. */
function watchProcesses(): [event: string, trace: ProcessTrace][] {
  const seen: [string, ProcessTrace][] = [];
  for (const event of ['start', 'asyncStart', 'error', 'asyncEnd']) {
    const note = (message: unknown): void => void seen.push([event, { ...(message as ProcessTrace) }]);
    subscribe(`tracing:pipework:process:${event}`, note);
    onTestFinished(() => void unsubscribe(`tracing:pipework:process:${event}`, note));
  }
  return seen;
}

test('traces a process from its start to its exit', async () => {
  const seen = watchProcesses();
  const client = plugin('greets');
  await client.start();
  const exit = await client.kill();
  expect(seen.map(([event]) => event)).toEqual(['start', 'asyncStart', 'asyncEnd']);
  expect(seen[0]?.[1]).not.toHaveProperty('pid');
  expect(seen[1]?.[1]).toMatchObject({ pid: client.pid, protocolVersion: 1 });
  expect(seen[2]?.[1].exit).toEqual(exit);
});

test('traces a failed start, with the error that start() rejects with', async () => {
  const seen = watchProcesses();
  const client = new Client({ cmd: ['/no/such/plugin'], stdin: 'ignore' });
  const error: unknown = await client.start().catch((reason: unknown) => reason);
  expect(seen.map(([event]) => event)).toEqual(['start', 'asyncEnd', 'error']);
  expect(seen[2]?.[1].error).toBe(error);
});
