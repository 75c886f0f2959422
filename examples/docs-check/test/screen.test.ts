import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { Progress } from '../src/progress.ts';
import { Screen, type Terminal } from '../src/screen.ts';
import { harmless, shorten, table } from '../src/text.ts';

function terminal(isTTY: boolean): Terminal & { text: string } {
  const stream = Object.assign(
    new Writable({
      write(chunk: Buffer, _encoding, callback) {
        stream.text += chunk.toString();
        callback();
      },
    }),
    { text: '', isTTY, columns: 60 },
  );
  return stream;
}

test('on a terminal, the progress is a bar for each plugin, and the bars are removed at the end', async () => {
  const [stdout, stderr] = [terminal(true), terminal(true)];
  const progress = new Progress(new Screen(stdout, stderr, {}));
  const links = progress.add('links', 4);
  links.busyWith('docs/a.md');
  links.advance();
  await expect
    .poll(() => stderr.text)
    .toContain(`links  ${'█'.repeat(6)}${'░'.repeat(18)}  1/4  docs/a.md\n`);
  progress.end();
  expect(stderr.text.endsWith('\u001b[1A\u001b[0J')).toBe(true);
});

test('prints lines above the bars', async () => {
  const stderr = terminal(true);
  const screen = new Screen(stderr, stderr, {});
  screen.show(() => ['bar']);
  screen.print('stdout', 'line');
  expect(stderr.text).toBe('bar\n\u001b[1A\u001b[0Jline\nbar\n');
});

test.each([
  ['no terminal', false, {}],
  ['a terminal of a CI service', true, { CI: 'true' }],
  ['a terminal that can do nothing', true, { TERM: 'dumb' }],
])('on %s, the progress is a line at every quarter', (_what, isTTY, env) => {
  const stderr = terminal(isTTY);
  const progress = new Progress(new Screen(terminal(isTTY), stderr, env));
  const links = progress.add('links', 6);
  for (let page = 0; page < 6; page += 1) links.advance();
  progress.end();
  expect(stderr.text).toBe(
    'links: 2 of 6 pages\nlinks: 3 of 6 pages\nlinks: 5 of 6 pages\nlinks: 6 of 6 pages\n',
  );
});

test('aligns a table by the width that a terminal shows', () => {
  const rows = [
    ['ä', '1'],
    ['日本', '20'],
  ];
  expect(table([{ title: 'Who' }, { title: 'N', align: 'right' }], rows, (_style, text) => text)).toBe(
    'Who    N\n────────\nä      1\n日本  20',
  );
});

test('cuts a path at its beginning', () => {
  expect(shorten('docs/guide.md', 9)).toBe('…guide.md');
  expect(shorten('日本.md', 6)).toBe('…本.md');
  expect(shorten('a.md', 9)).toBe('a.md');
});

test('removes every control character that a terminal would obey', () => {
  expect(harmless('a\u001b[31mb\u001b]0;title\u0007c\nd\u0000e\u009bf')).not.toMatch(/\p{Cc}/u);
});
