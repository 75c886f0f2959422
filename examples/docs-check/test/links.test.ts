import { describe, expect, test } from 'vitest';
import { LinkChecker } from '../plugins/src/links/check.ts';
import { meaningOf } from '../plugins/src/links/url.ts';
import { findingsOf, placesOf } from './support/checking.ts';

const links = (...given: [text: string, files?: Record<string, string>, page?: object]): Promise<string[]> =>
  placesOf(LinkChecker, ...given);
const messages = async (
  ...given: [text: string, files?: Record<string, string>, page?: object]
): Promise<string[]> => (await findingsOf(LinkChecker, ...given)).map((finding) => finding.message);

describe('files', () => {
  test('a link to an existing file is fine, and a link to a missing one is an error at its place', async () => {
    const text = 'See [a](docs/a.md) and\n[b](docs/b.md).\n';
    expect(await links(text, { 'docs/a.md': '' })).toEqual(['2:1 missing-file']);
  });

  test('resolves relative links from the page, and absolute links from the root', async () => {
    const files = { 'docs/b.md': '', 'c.md': '' };
    const text = '[1](b.md) [2](../c.md) [3](/c.md) [4](./) [5](/) [6](c.md)';
    expect(await links(text, files, { path: 'docs/a.md' })).toEqual(['1:50 missing-file']);
  });

  test('reports nothing about a link that leads beyond the root', async () => {
    expect(await links('[issues](../../issues)')).toEqual([]);
  });

  test('ignores other hosts and schemes, and refuses invalid web addresses', async () => {
    const text =
      '[1](https://a.example/x) [2](mailto:a@b.example) [3](//cdn.example/x) [4]({{site.url}}/x)\n[5](https://)\n';
    expect(await links(text)).toEqual(['2:1 bad-url']);
  });

  test('decodes percent encoding, and refuses invalid encoding', async () => {
    const files = { 'a b.md': '', 'ü.md': '', 'c#.md': '' };
    expect(await links('[1](a%20b.md) [2](%C3%BC.md) [3](ü.md) [4](c%23.md)\n[5](a%zz.md)', files)).toEqual([
      '2:1 bad-encoding',
    ]);
  });

  test('distinguishes upper and lower case even if the disk does not', async () => {
    expect(await messages('[a](Docs/A.md)', { 'docs/a.md': '' })).toEqual([
      'Docs/A.md is docs/a.md on disk: upper and lower case differ',
    ]);
  });

  test('follows images, HTML and definitions of references', async () => {
    const text = [
      '![x](x.png) <img src="y.png" srcset="z.png 2x, here.png 3x">',
      '',
      '<p>\n<a href="gone.md">gone</a></p>',
      '',
      '[text][label]',
      '',
      '[label]: lost.md',
    ].join('\n');
    expect(await links(text, { 'here.png': '' })).toEqual([
      '1:1 missing-file',
      '1:13 missing-file',
      '1:13 missing-file',
      '4:1 missing-file',
      '8:1 missing-file',
    ]);
  });

  test('a link may lead to a directory, a picture may not', async () => {
    expect(await links('[1](docs) [2](docs/)\n![3](docs)', { 'docs/a.md': '' })).toEqual(['2:1 not-a-file']);
  });

  test('reports an empty link', async () => {
    expect(await links('[nothing]()')).toEqual(['1:1 empty-link']);
  });

  test('only warns of a link to a file that an installed package does not ship', async () => {
    const findings = await findingsOf(LinkChecker, '[a](docs/a.md)', {}, { whole: false });
    expect(findings).toMatchObject([{ severity: 'warning', rule: 'not-shipped' }]);
  });

  test('names the file that was probably meant', async () => {
    const text = '[1](docs/a)\n\n[2](www.example.com)\n\n[3](docs\\\\a.md)';
    expect(await messages(text, { 'docs/a.md': '' })).toEqual([
      'docs/a does not exist; there is docs/a.md',
      'www.example.com wants https:// before it',
      'docs\\a.md does not exist; paths in links have /, not \\',
    ]);
  });

  test('finds no links in code, comments and front matter', async () => {
    const text =
      '---\nx: "[a](gone.md)"\n---\n`[a](gone.md)`\n\n```\n[a](gone.md)\n```\n\n<!-- <a href="gone.md"> -->\n';
    expect(await links(text)).toEqual([]);
  });
});

describe('anchors', () => {
  test.each([
    ['Hello, World!', 'hello-world'],
    ['`code` and *more*', 'code-and-more'],
    ['a -- b', 'a----b'],
    ['Übergröße', 'übergröße'],
    ['1.2.3', '123'],
    [':tada: Party', 'tada-party'],
    ['A [link](https://x.example) inside', 'a-link-inside'],
  ])('a heading "%s" makes #%s', async (heading, slug) => {
    expect(await links(`# ${heading}\n\n[x](#${slug})`)).toEqual([]);
  });

  test('numbers headings with the same name in their order', async () => {
    const text = '# A\n\n## A\n\n## A\n\n[1](#a) [2](#a-1) [3](#a-2) [4](#a-3)';
    expect(await links(text)).toEqual(['7:29 missing-anchor']);
  });

  test('knows ids and names in HTML, and headings written in HTML', async () => {
    const text =
      '<a name="one"></a>\n<div id="Two">\n\n</div>\n\n<h1 align="center">\n\nThe *Title*\n\n</h1>\n\n[1](#one) [2](#Two) [3](#the-title)';
    expect(await links(text)).toEqual([]);
  });

  test('accepts an encoded anchor, the top, and the empty anchor', async () => {
    expect(await links('# Größe\n\n[1](#gr%C3%B6%C3%9Fe) [2](#top) [3](#) [4](#user-content-größe)')).toEqual(
      [],
    );
  });

  test('looks for anchors in the page that is linked to', async () => {
    const files = { 'docs/a.md': '# One\n', 'docs/README.md': '# Read me\n' };
    const text = '[1](docs/a.md#one) [2](docs/#read-me)\n[3](docs/a.md#two)';
    expect(await links(text, files)).toEqual(['2:1 missing-anchor']);
  });

  test('warns if only the case differs, and names an anchor that is similar', async () => {
    const found = await findingsOf(LinkChecker, '# Set Up\n\n[1](#Set-Up)\n\n[2](#setup)\n\n[3](#nothing)');
    expect(found.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
      'warning: #Set-Up of this page is #set-up: anchors of headings are in lower case',
      'error: no heading of this page makes #setup; there is #set-up',
      'error: no heading of this page makes #nothing',
    ]);
  });

  test('reports a link to a line that a code file does not have', async () => {
    const files = { 'a.ts': 'one\ntwo\n' };
    expect(await links('[1](a.ts#L2) [2](a.ts#L1-L2)\n[3](a.ts#L3)', files)).toEqual(['2:1 missing-line']);
  });
});

describe('references', () => {
  test('reports a reference that nothing defines', async () => {
    const text =
      '[text][gone], [`code`][lost] and [collapsed][]\n\n[text][Here]\n\n[here]: https://x.example';
    expect(await messages(text)).toEqual([
      'nothing defines the reference [gone], so readers see the brackets',
      'nothing defines the reference [lost], so readers see the brackets',
      'nothing defines the reference [collapsed], so readers see the brackets',
    ]);
  });

  test('does not take other kinds of brackets for references', async () => {
    const text = 'a[0][1], matrix[i][j], `[a][b]`, \\[a][b], [ ][x], [^1][^2] and [[a]]';
    expect(await links(text)).toEqual([]);
  });
});

describe('the meaning of a link', () => {
  test.each([
    ['b.md', 'docs/b.md'],
    ['./b.md?raw=true', 'docs/b.md'],
    ['../b.md', 'b.md'],
    ['/b.md', 'b.md'],
    ['..', ''],
    ['', undefined],
    ['?x', 'docs/a.md'],
    ['../../b.md', '../b.md'],
  ])('%s in docs/a.md is %s', (url, path) => {
    const meaning = meaningOf(url, 'docs/a.md');
    expect(meaning.kind === 'local' ? meaning.path : undefined).toBe(path);
  });

  test.each(['C:\\x\\y.md', 'file:///x/y.md'])('refuses %s as a path of one machine', (url) => {
    expect(meaningOf(url, 'a.md')).toMatchObject({ kind: 'wrong', rule: 'bad-url' });
  });
});
