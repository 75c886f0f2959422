import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { blocks, root } from './pages.ts';

const all = blocks();
const code = all.filter((block) => block.language === 'ts');

describe('the pages', () => {
  test.each(
    code
      .filter((block) => block.origin?.kind === 'from')
      .map((block) => [`${block.page}:${block.line}`, block]),
  )('%s shows the file that it names', (_, block) => {
    // A shebang and a first comment are for the file, not for the page.
    const file = readFileSync(root + block.origin!.value, 'utf8');
    expect(file).toContain(block.text.trim());
  });

  test.each(
    all
      .filter((block) => block.origin?.kind === 'output')
      .map((block) => [`${block.page}:${block.line}`, block]),
  )('%s shows what its command prints', (_, block) => {
    const [file, ...args] = block.origin!.value.split(' ');
    const printed = execFileSync(file === 'node' ? process.execPath : file!, args, {
      cwd: root,
      encoding: 'utf8',
    });
    expect(printed.trim()).toBe(block.text.trim());
  });

  test('show no TypeScript that does not compile', () => {
    const folder = `${root}docs/test/.snippets`;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const loose = code.filter((block) => block.origin === undefined);
    for (const [index, block] of loose.entries()) {
      const name = `${String(index).padStart(2, '0')}-${block.page.replaceAll(/[^a-z]+/gi, '-')}-${block.line}.ts`;
      writeFileSync(`${folder}/${name}`, `${block.text}\nexport {};\n`);
    }
    writeFileSync(
      `${folder}/tsconfig.json`,
      JSON.stringify({
        extends: '../../../tsconfig.check.json',
        compilerOptions: { noUnusedLocals: false, types: ['node'] },
        include: ['*.ts', '../snippets.d.ts'],
        exclude: [],
      }),
    );
    try {
      execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', folder], {
        encoding: 'utf8',
      });
    } catch (error) {
      throw new Error((error as { stdout: string }).stdout, { cause: error });
    }
    expect(loose.some(({ page }) => page.startsWith('docs/'))).toBe(true);
    expect(loose.some(({ page }) => page.startsWith('packages/core/src/'))).toBe(true);
    rmSync(folder, { recursive: true, force: true });
  });
});
