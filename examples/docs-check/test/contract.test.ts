/**
 * Tests the contract over the wire, in memory: what the checkers receive and return when a host calls them.
 */
import type { PluginSet } from '@pipework/core';
import { connect } from '@pipework/testkit';
import type { Library, Page, Plugins, Report, Services } from 'docs-check-contract';
import { expect, test } from 'vitest';
import { FenceChecker } from '../plugins/src/fences/check.ts';
import { LinkChecker } from '../plugins/src/links/check.ts';
import { ProseChecker } from '../plugins/src/prose/check.ts';
import { libraryOf, reportsOn, type CheckerClass } from './support/checking.ts';

const page: Page = {
  tree: 'test',
  whole: true,
  path: 'README.md',
  text: '# A\n\n[a](docs/a.md#a) [b](docs/b.md)\n\n#### B\n\n```js\nconst = 1;\n```\n',
};
const files = { 'docs/a.md': '# A\n' };

/** Serves a checker as the plugins do, with the library of their host. */
const servedBy = (Class: CheckerClass): PluginSet<Plugins, Services> => ({
  checker: async ({ host }) => new Class(await host.dispense('library')),
});

test.for([
  ['links', LinkChecker],
  ['prose', ProseChecker],
  ['fences', FenceChecker],
] as [string, CheckerClass][])(
  'the %s checker gives the same reports over a pipe as in a direct call, however the bytes are cut',
  async ([, Class], context) => {
    const provide = { library: () => libraryOf(files) };
    const options = { chunking: 'random' as const, client: { provide }, test: context };
    const pair = await connect<Plugins, Services>(servedBy(Class), options);
    const checker = await pair.rpc.dispense('checker');
    const reports: Report[] = [];
    for await (const report of checker.check(page)) reports.push(report);
    expect(reports).toEqual(await reportsOn(Class, page.text, files));
    expect(reports.length).toBeGreaterThan(1);
  },
);

test('the links checker sees files only through the library, and a check fails if the library fails', async (context) => {
  const asked: string[] = [];
  const library: Library = {
    look: async (tree, path) => {
      asked.push(`${tree}: ${path}`);
      return { kind: 'file', path };
    },
    read: async () => {
      throw new Error('not for you');
    },
  };
  const client = { provide: { library: () => library } };
  const pair = await connect<Plugins, Services>(servedBy(LinkChecker), { client, test: context });
  const checker = await pair.rpc.dispense('checker');
  const all = async (): Promise<void> => {
    for await (const _ of checker.check(page));
  };
  await expect(all()).rejects.toThrow('not for you');
  expect(asked.sort()).toEqual(['test: docs/a.md', 'test: docs/b.md']);
  expect(await checker.about()).toEqual({ title: 'links, anchors, images' });
});

test('a check ends when the host aborts it', async (context) => {
  const abort = new AbortController();
  const library: Library = {
    // The host aborts the check while the plugin waits for this answer.
    look: async (_tree, path) => {
      abort.abort(new Error('no patience'));
      return { kind: 'missing', path };
    },
    read: async () => '',
  };
  const client = { provide: { library: () => library } };
  const pair = await connect<Plugins, Services>(servedBy(LinkChecker), { client, test: context });
  const checker = await pair.rpc.dispense('checker');
  const all = async (): Promise<void> => {
    for await (const _ of checker.check(page, { signal: abort.signal }));
  };
  await expect(all()).rejects.toThrow('no patience');
  // The three streams carry the calls to the checker, the requests for services, and the calls to the
  // library.
  await expect
    .poll(() => pair.rpc.diagnostics())
    .toMatchObject({ streams: 3, pendingCalls: 0, runningCalls: 0, references: 0, valueStreams: 0 });
});
