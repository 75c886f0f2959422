import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { main } from '@pipework/cli';
import { describe, expect, test } from 'vitest';
import { blocks, docstrings, pages, read, root, type Block } from './pages.ts';

const all = blocks();
const loose = all.filter((block) => block.origin === undefined);

const placeOf = ({ page, line }: Block): string => `${page}:${line}`;

/**
 * Returns the places of lines that Markdown shows as code because they are indented. Such code names no
 * language, so no test can check it.
 */
function indentedCode(page: string): string[] {
  const prose = read(page).replaceAll(/^( *)```[\s\S]*?^\1```$/gm, (block) => block.replaceAll(/.+/g, '-'));
  const lines = prose.split('\n');
  const isList = (index: number): boolean => {
    const above = lines.slice(0, index).findLast((line) => /^[^ ]/.test(line));
    return above !== undefined && /^(?:[-*]|\d+\.) /.test(above);
  };
  return lines.flatMap((line, index) =>
    /^ {4,}\S/.test(line) && lines[index - 1] === '' && !isList(index) ? [`${page}:${index + 1}`] : [],
  );
}

/** Returns the path of the source from which an example's program is compiled. */
const sourceOf = (file: string): string =>
  root + file.replace('/dist/', '/src/').replace(/(?<=\/src\/.*)\.js$/, '.ts');

async function hasCommand(command: string): Promise<boolean> {
  const io = {
    stdin: () => new PassThrough(),
    stdout: new PassThrough().resume(),
    stderr: new PassThrough().resume(),
    env: {},
    cwd: root,
    onInterrupt: () => () => {},
  };
  return (await main([command, '--help'], io)) === 0;
}

describe('the pages', () => {
  test.each(
    all
      .filter((block) => block.origin?.kind === 'from')
      .map((block) => [`${block.page}:${block.line}`, block]),
  )('the block at %s is in the file that its comment names', (_, block) => {
    // The page may leave out the file's shebang and its first comment.
    const file = readFileSync(root + block.origin!.value, 'utf8');
    expect(file).toContain(block.text.trim());
  });

  test.each(
    all
      .filter((block) => block.origin?.kind === 'output')
      .map((block) => [`${block.page}:${block.line}`, block]),
  )('the block at %s is the output of its command', (_, block) => {
    const [file, ...args] = block.origin!.value.split(' ');
    const printed = execFileSync(file === 'node' ? process.execPath : file!, args, {
      cwd: root,
      encoding: 'utf8',
    });
    expect(printed.trim()).toBe(block.text.trim());
  });

  test('show only TypeScript that compiles', () => {
    const folder = `${root}docs/test/.snippets`;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const code = loose.filter((block) => block.language === 'ts');
    for (const [index, block] of code.entries()) {
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
    expect(code.some(({ page }) => page.startsWith('docs/'))).toBe(true);
    expect(code.some(({ page }) => page.startsWith('packages/core/src/'))).toBe(true);
    rmSync(folder, { recursive: true, force: true });
  });

  test('show only code that these tests check', () => {
    // A block in another language needs a comment that names its source, or says why the block cannot run.
    expect(loose.filter(({ language }) => !['ts', 'sh', 'text', ''].includes(language)).map(placeOf)).toEqual(
      [],
    );
    const marked = [...pages().map((page) => ({ page, text: read(page) })), ...docstrings()];
    const fences = marked.flatMap(({ page, text }) =>
      [...text.matchAll(/^[ >]*(?:`{3,}|~{3,})/gm)].map(() => page),
    );
    expect(fences.toSorted()).toEqual(all.flatMap(({ page }) => [page, page]).toSorted());
    expect(pages().flatMap((page) => indentedCode(page))).toEqual([]);
    expect(
      docstrings().flatMap(({ page, text }) =>
        [...text.matchAll(/^@example(?!\n```ts\n)/gm)].map(() => `${page}: an example without a fence`),
      ),
    ).toEqual([]);
  });

  test('name only commands that exist', async () => {
    const scripts = new Set(Object.keys(JSON.parse(read('package.json')).scripts as object));
    const lines = loose
      .filter(({ language }) => language === 'sh')
      .flatMap((block) => block.text.split('\n').map((line) => ({ line, place: placeOf(block) })));
    const missing: string[] = [];
    let checked = 0;
    for (const { line, place } of lines) {
      const file = /(?:^| )node ((?:reliability|examples|bench|scripts)\/\S+)/.exec(line)?.[1];
      const script = /^npx -y pnpm@12 (\S+)/.exec(line)?.[1];
      const command = /(?:npx @pipework\/cli|(?:^|\()pipework) (\w+)/.exec(line)?.[1];
      checked += Number([file, script, command].some((name) => name !== undefined));
      if (file !== undefined && !existsSync(sourceOf(file))) missing.push(`${place}: ${file}`);
      if (script !== undefined && !scripts.has(script)) missing.push(`${place}: ${script}`);
      if (command !== undefined && !(await hasCommand(command)))
        missing.push(`${place}: pipework ${command}`);
    }
    expect(missing).toEqual([]);
    expect(checked).toBeGreaterThan(20);
  });
});
