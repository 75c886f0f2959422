// Checks that the tables of options and limits in docs list exactly the options and limits of the code.
import { readFileSync } from 'node:fs';
import { Client, defaultLimits, serve, type ClientConfig } from '@pipework/core';
import type { PoolConfig, SupervisorConfig } from '@pipework/fleet';
import type { IsolateOptions, Resources } from '@pipework/isolate';
import { expect, test } from 'vitest';
import { root } from './pages.ts';

/**
 * Returns the names in the first column of the first table of `page` after the paragraph that ends with
 * `sentence`. If there is no such paragraph, returns an empty list.
 */
function namesBehind(page: string, sentence: string): string[] {
  const blocks = readFileSync(root + page, 'utf8')
    .split('\n\n')
    .map((block) => block.trim());
  const before = blocks.findIndex((block) => block.replaceAll('\n', ' ').endsWith(sentence));
  const table = blocks.slice(before + 1).find((block) => block.startsWith('|')) ?? '';
  const cells = table.split('\n').map((row) => row.split('|')[1] ?? '');
  return before === -1
    ? []
    : cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map((match) => String(match[1])));
}

/** Returns the names in an error message such as `options must be an object of a, b; got nothing`. */
const namesIn = (message: string): string[] =>
  (/an object of ([\w, ]+);/.exec(message)?.[1] ?? '').split(', ');

const refusal = async (make: () => unknown): Promise<string> => {
  try {
    await make();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

test('docs/lifecycle.md has exactly the options of a client', async () => {
  const message = await refusal(() => new Client(undefined as never));
  const names = namesBehind(
    'docs/lifecycle.md',
    'These are the options of `new Client()`. Only `cmd` is required.',
  );
  expect(names.toSorted()).toEqual(namesIn(message).toSorted());
});

test('docs/lifecycle.md has exactly the options of serve()', async () => {
  const message = await refusal(() => serve(undefined as never));
  const names = namesBehind(
    'docs/lifecycle.md',
    'Pass your factories, the functions that make your implementations, in `plugins` or in `protocolVersions`.',
  );
  expect(names.toSorted()).toEqual(namesIn(message).toSorted());
});

test('docs/calls.md has exactly the limits of core', () => {
  const names = namesBehind('docs/calls.md', '## Limits');
  expect(names.filter((name) => /^[a-z]/.test(name)).toSorted()).toEqual(
    Object.keys(defaultLimits).toSorted(),
  );
});

test('docs/fleet.md has exactly the options of a supervisor and of a pool', () => {
  const supervisor = {
    restart: true,
    setup: true,
    health: true,
    idleMs: true,
    maxWaitingCalls: true,
    drainMs: true,
    spare: true,
    watch: true,
    clock: true,
  } satisfies Record<Exclude<keyof SupervisorConfig, keyof ClientConfig>, true>;
  const pool = {
    min: true,
    max: true,
    callsPerProcess: true,
    maxQueued: true,
    idleMs: true,
    recycle: true,
  } satisfies Record<Exclude<keyof PoolConfig, keyof Omit<SupervisorConfig, 'idleMs'>>, true>;
  const spareLine = 'With a `spare`, a failed process is replaced immediately, so the state remains `ready`.';
  expect(namesBehind('docs/fleet.md', spareLine)).toEqual(Object.keys(supervisor));
  const poolLine = 'a higher priority can hold up calls of a lower priority without end.';
  expect(namesBehind('docs/fleet.md', poolLine)).toEqual(Object.keys(pool));
});

test('docs/isolation.md has exactly the options and limits of isolate', () => {
  const options = {
    read: true,
    write: true,
    run: true,
    net: true,
    env: true,
    resources: true,
    require: true,
    bwrap: true,
  } satisfies Record<keyof IsolateOptions, true>;
  const limits = { memoryBytes: true, cpuSeconds: true, openFiles: true, fileBytes: true } satisfies Record<
    keyof Resources,
    true
  >;
  const behind = 'the host decides at each call what the plugin gets.';
  expect(namesBehind('docs/isolation.md', behind)).toEqual(Object.keys(options));
  expect(namesBehind('docs/isolation.md', '## Limits')).toEqual(Object.keys(limits));
});
