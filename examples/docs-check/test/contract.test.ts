/** The contract over the wire: what the checkers get and give when a host calls them, in memory. */
import { connect } from '@pipework/testkit';
import type { Checker, Library, Page, Plugins, Report } from 'docs-check-contract';
import { expect, test } from 'vitest';
import { FenceChecker } from '../plugins/src/fences/check.ts';
import { LinkChecker } from '../plugins/src/links/check.ts';
import { ProseChecker } from '../plugins/src/prose/check.ts';
import { libraryOf, reportsOn } from './support/checking.ts';

const page: Page = {
  tree: 'test',
  whole: true,
  path: 'README.md',
  text: '# A\n\n[a](docs/a.md#a) [b](docs/b.md)\n\n#### B\n\n```js\nconst = 1;\n```\n',
};
const files = { 'docs/a.md': '# A\n' };

test.for([
  ['links', LinkChecker],
  ['prose', ProseChecker],
  ['fences', FenceChecker],
] as [string, new () => Checker][])(
  '%s says the same from another side of a pipe, whatever the chunks',
  async ([, Class], context) => {
    const plugins = { checker: () => new Class() };
    const pair = await connect<Plugins>(plugins, { chunking: 'random', test: context });
    const checker = await pair.rpc.dispense('checker');
    const reports: Report[] = [];
    for await (const report of checker.check(page, libraryOf(files))) reports.push(report);
    expect(reports).toEqual(await reportsOn(new Class(), page.text, files));
    expect(reports.length).toBeGreaterThan(1);
  },
);

test('the links checker sees files only through the library, and each failure of it is its own', async (context) => {
  const pair = await connect<Plugins>({ checker: () => new LinkChecker() }, { test: context });
  const checker = await pair.rpc.dispense('checker');
  const asked: string[] = [];
  const library: Library = {
    look: async (path) => {
      asked.push(path);
      return { kind: 'file', path };
    },
    read: async () => {
      throw new Error('not for you');
    },
  };
  const all = async (): Promise<void> => {
    for await (const _ of checker.check(page, library));
  };
  await expect(all()).rejects.toThrow('not for you');
  expect(asked.sort()).toEqual(['docs/a.md', 'docs/b.md']);
  expect(await checker.about()).toEqual({ title: 'links, anchors, images' });
});

test('a check ends when the host aborts it', async (context) => {
  const pair = await connect<Plugins>({ checker: () => new LinkChecker() }, { test: context });
  const checker = await pair.rpc.dispense('checker');
  const abort = new AbortController();
  const library: Library = {
    // The host loses patience while the plugin waits for its answer.
    look: async (path) => {
      abort.abort(new Error('no patience'));
      return { kind: 'missing', path };
    },
    read: async () => '',
  };
  const all = async (): Promise<void> => {
    for await (const _ of checker.check(page, library, { signal: abort.signal }));
  };
  await expect(all()).rejects.toThrow('no patience');
  await expect
    .poll(() => pair.rpc.diagnostics())
    .toMatchObject({ streams: 1, pendingCalls: 0, runningCalls: 0, references: 0, valueStreams: 0 });
});
