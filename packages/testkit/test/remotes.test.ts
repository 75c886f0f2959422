import { inspect, stripVTControlCharacters } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { ref, type Reference } from '@pipework/core';
import { connect, fakePlugin } from '@pipework/testkit/vitest';

interface Door {
  open(): Promise<void>;
}
interface House {
  door(): Promise<Reference<Door>>;
  bell(): Promise<() => void>;
}

const house = (): House => ({
  door: async () => ref({ open: async () => {} }),
  bell: async () => () => {},
});

/**
 * Returns remotes of every kind, and `hasSent()`, which says whether a message was sent after the remotes
 * were made.
 */
async function remotes() {
  const pair = await connect({ house, shed: house }, { client: { name: 'estate' } });
  const [house1, shed] = [await pair.rpc.dispense('house'), await pair.rpc.dispense('shed')];
  const all = {
    house: house1,
    shed,
    door: await house1.door(),
    otherDoor: await house1.door(),
    bell: await house1.bell(),
    otherBell: await house1.bell(),
  };
  const before = pair.transcript();
  return { ...all, hasSent: () => pair.transcript() !== before };
}

/** Runs an assertion that must fail, and returns the message of its error. */
function failureOf(assertion: () => void): string {
  try {
    assertion();
  } catch (error) {
    return stripVTControlCharacters((error as Error).message);
  }
  throw new Error('the assertion passed');
}

describe('a remote', () => {
  test('equals only itself, and no assertion sends a message', async () => {
    const { house, shed, door, otherDoor, bell, otherBell, hasSent } = await remotes();
    const mock = vi.fn();
    mock(house, { door });
    for (const [one, other] of [
      [house, shed],
      [door, otherDoor],
      [bell, otherBell],
      [door, {}],
      [house, undefined],
    ] as const) {
      expect(one).toEqual(one);
      expect({ one }).toStrictEqual({ one });
      expect([one]).toContainEqual(one);
      expect({ one }).toMatchObject({ one });
      expect(one).not.toEqual(other);
      expect(one).not.toStrictEqual(other);
      expect({ one }).not.toEqual({ one: other });
      expect([one]).not.toContainEqual(other);
    }
    expect(mock).toHaveBeenCalledWith(house, { door });
    expect(mock).not.toHaveBeenCalledWith(house, { door: otherDoor });
    expect(mock).toHaveBeenCalledExactlyOnceWith(expect.anything(), { door: expect.any(Object) as unknown });
    expect(hasSent()).toBe(false);
  });

  test('is named in failure messages, without sending a message', async () => {
    const { house, shed, door, hasSent } = await remotes();
    const mock = vi.fn();
    mock(house, { door });
    expect(failureOf(() => expect({ house }).toEqual({ house: shed }))).toContain(
      'expected { house: [house of plugin estate] } to deeply equal { house: [shed of plugin estate] }',
    );
    const message = failureOf(() => expect(mock).toHaveBeenCalledWith(shed, { door }));
    expect(message).toMatch(/^-.*\[shed of plugin estate\]/m);
    expect(message).toMatch(/^\+.*\[house of plugin estate\]/m);
    expect(message).toMatch(/^ .*\[remote object\]/m);
    expect(hasSent()).toBe(false);
  });

  test('is shown in snapshots by the name of its target', async () => {
    const { house, door, bell, hasSent } = await remotes();
    expect({ house, door, bell }).toMatchInlineSnapshot(`
      {
        "bell": [remote function],
        "door": [remote object],
        "house": [house of plugin estate],
      }
    `);
    expect(hasSent()).toBe(false);
  });
});

test('comparing and printing a fake makes no call', () => {
  const fake = fakePlugin<House>({ door: async () => ref({ open: async () => {} }) });
  expect({ fake }).toEqual({ fake });
  expect({ fake }).toMatchInlineSnapshot(`
    {
      "fake": {
        "door": [Function],
      },
    }
  `);
  expect(failureOf(() => expect({ fake }).toEqual({ fake: 1 }))).toContain('to deeply equal { fake: 1 }');
  inspect(fake);
  JSON.stringify(fake);
  expect(fake.calls).toEqual([]);
});
