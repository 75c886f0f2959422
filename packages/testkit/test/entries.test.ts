import * as everywhere from '@pipework/testkit';
import * as withVitest from '@pipework/testkit/vitest';
import { expect, test } from 'vitest';

test('the entry for Vitest has every name of the main entry', () => {
  expect(Object.keys(withVitest)).toEqual(expect.arrayContaining(Object.keys(everywhere)));
});
