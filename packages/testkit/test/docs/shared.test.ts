import { afterAll, beforeAll, describe, expect } from 'vitest';
import { connect, type Pair } from '@pipework/testkit';
import { test } from '@pipework/testkit/vitest';
import { plugins, type Served } from './greeter.ts';

describe('one greeter for all tests', () => {
  let pair: Pair<Served>;
  beforeAll(async () => {
    pair = await connect(plugins);
  });
  afterAll(async () => {
    await pair.close();
  });

  test.for(['Ada', 'Grace'])('greets %s', async (name) => {
    const greeter = await pair.rpc.dispense('greeter');
    expect(await greeter.greet(name)).toBe(`Hello, ${name}!`);
  });
});
