import { expect, test } from 'vitest';
import { MethodNames } from './method-names.ts';

test('called() and received() return a method with its short name and its prefixed wire name', () => {
  const names = new MethodNames('Plugin.');
  expect(names.called('greet')).toMatchObject({ short: 'greet', wire: 'Plugin.greet' });
  expect(names.received('Plugin.greet')).toMatchObject({ short: 'greet', wire: 'Plugin.greet' });
  expect(names.called('greet')).toBe(names.called('greet'));
});

test('received() returns undefined for a wire name without the prefix', () => {
  expect(new MethodNames('Plugin.').received('Control.Ping')).toBeUndefined();
  expect(new MethodNames('').received('Control.Ping')?.short).toBe('Control.Ping');
});

test('MethodNames keeps the first 1,024 names of called() and of received(), and makes any further name at each use', () => {
  const names = new MethodNames('Plugin.');
  for (let index = 0; index < 1_024; index++) names.called(`made up ${index}`);
  expect(names.called('one more').wire).toBe('Plugin.one more');
  expect(names.called('one more')).not.toBe(names.called('one more'));
  expect(names.called('made up 0')).toBe(names.called('made up 0'));
});

test('a name of up to 64 bytes is packed with its header, and a longer name is not packed', () => {
  const names = new MethodNames('');
  expect([...names.called('ab').packed]).toEqual([0xa2, 0x61, 0x62]);
  expect([...names.called('x'.repeat(64)).packed.subarray(0, 2)]).toEqual([0xd9, 64]);
  expect(names.called('x'.repeat(65)).packed).toHaveLength(0);
});
