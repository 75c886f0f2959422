import { expect, test } from 'vitest';
import { cutMiddle, showCommand } from './show-command.ts';

test('showCommand() shows a command unchanged, and quotes words with spaces', () => {
  expect(showCommand(['/usr/bin/node', 'my plugin.js', '--x=1', ''])).toBe(
    "/usr/bin/node 'my plugin.js' --x=1 ''",
  );
});

test("showCommand() cuts a long path in its middle, and keeps the program's own name", () => {
  const shown = showCommand([`/${'deep/'.repeat(100)}node_modules/.bin/my-plugin`, '--flag']);
  expect(shown).toMatch(/^\/deep\/.*….*\/my-plugin --flag$/);
  expect(shown.length).toBeLessThanOrEqual(207);
});

test('showCommand() leaves out arguments in the middle of a long list, and says how many', () => {
  const shown = showCommand([
    'node',
    'plugin.js',
    ...Array.from({ length: 500 }, (_, i) => `--option-${i}`),
    'last',
  ]);
  expect(shown).toMatch(/^node plugin\.js .* … \d+ more … .* last$/);
  expect(shown.length).toBeLessThan(1000);
});

test('cutMiddle() never cuts inside a surrogate pair', () => {
  for (let length = 10; length < 40; length++) {
    const shown = cutMiddle('😀'.repeat(50), length);
    expect(shown.isWellFormed()).toBe(true);
    expect(shown.length).toBeLessThanOrEqual(length);
  }
});
