import type { Readability } from 'docs-check-contract';
import { describe, expect, test } from 'vitest';
import { ProseChecker } from '../plugins/src/prose/check.ts';
import { placesOf, reportsOn } from './support/checking.ts';

const prose = (text: string): Promise<string[]> => placesOf(ProseChecker, text);

async function readability(text: string): Promise<Readability | undefined> {
  return (await reportsOn(ProseChecker, text)).find((report) => report.type === 'readability');
}

describe('headings', () => {
  test('a page in good order has no findings', async () => {
    expect(await prose('# A\n\n## B\n\n### C\n\n## D\n\n### C\n')).toEqual([]);
  });

  test('reports a level that is left out on the way down, but not on the way up', async () => {
    expect(await prose('# A\n\n### B\n\n#### C\n\n## D\n')).toEqual(['3:1 skipped-level']);
  });

  test('reports a page without a title or with several, and an empty heading', async () => {
    expect(await prose('## A\n')).toEqual(['1:1 no-title']);
    expect(await prose('# A\n\n# B\n\n# C\n')).toEqual(['3:1 several-titles']);
    expect(await prose('# A\n\n##\n')).toEqual(['3:1 empty-heading']);
  });

  test('accepts a title in HTML or in front matter', async () => {
    expect(await prose('<h1 align="center">A</h1>\n\n## B\n')).toEqual([]);
    expect(await prose('---\ntitle: A\n---\n\n## B\n')).toEqual([]);
  });

  test('reports two headings with the same name only if they are neighbours', async () => {
    expect(await prose('# Log\n\n## 2\n\n### Added\n\n## 1\n\n### Added\n')).toEqual([]);
    expect(await prose('# Log\n\n## Usage\n\n## usage\n')).toEqual(['5:1 duplicate-heading']);
  });

  test('ignores headings in quotations when it checks the order of levels', async () => {
    expect(await prose('# A\n\n> #### B\n\n## C\n')).toEqual([]);
  });
});

describe('readability', () => {
  test('counts the words and sentences of paragraphs, lists and tables, and of nothing else', async () => {
    const text =
      '# No heading\n\nOne two three. Four five!\n\n- six seven\n\n| eight | nine |\n| - | - |\n| ten | `e.l.e.v.e.n` |\n\n```\nno code\n```\n\n![no picture](x.png)\n\n<b>no tags</b>\n';
    const figures = await readability(text);
    // A reader sees the words between tags, but not the tags.
    expect(figures).toMatchObject({ words: 13, sentences: 8 });
  });

  test('gives no reading ease for a text that is too short', async () => {
    expect(await readability('# A\n\nShort.\n')).not.toHaveProperty('ease');
  });

  test('rates short words as easier than long ones', async () => {
    const easy = await readability(`# A\n\n${'The cat sat on the mat. '.repeat(20)}`);
    const hard = await readability(
      `# A\n\n${'Organizational considerations necessitate multidimensional interoperability characterizations. '.repeat(20)}`,
    );
    expect(easy?.ease).toBeGreaterThan(100);
    expect(hard?.ease).toBeLessThan(0);
  });

  test('does not count lists of names and tables as short sentences', async () => {
    const text =
      'Considerable organizational difficulties accompany multinational undertakings everywhere. '.repeat(20);
    const alone = await readability(`# A\n\n${text}`);
    const amid = await readability(
      `# A\n\n${text}\n\n${'- a cat\n'.repeat(50)}\n| a. | b. |\n| - | - |\n| c. | d. |\n`,
    );
    expect(amid?.ease).toBe(alone?.ease);
    expect(amid?.words).toBeGreaterThan(alone?.words ?? 0);
  });

  test('gives the reading ease that the formula gives', async () => {
    // 6 words and 6 syllables a sentence: 206.835 - 1.015 * 6 - 84.6 * 1
    const figures = await readability(`# A\n\n${'The cat sat on the mat. '.repeat(20)}`);
    expect(figures).toMatchObject({ words: 120, sentences: 20, ease: 116.1 });
    expect(figures?.minutes).toBeCloseTo(120 / 238);
  });

  test('gives no reading ease for text in other letters, but counts its words', async () => {
    const figures = await readability(`# A\n\n${'私は猫が好きです。'.repeat(60)}\n`);
    expect(figures?.words).toBeGreaterThan(100);
    expect(figures).not.toHaveProperty('ease');
  });
});
