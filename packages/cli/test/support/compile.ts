// Compiles TypeScript in a folder of its own.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { root } from './run.ts';

/** Writes `files` into a new folder, and compiles them in strict mode. Returns the compiler's errors. */
export function compile(files: Readonly<Record<string, string>>, modules?: string): string {
  const folder = join(root, `packages/cli/test/.compiled-${process.pid}-${performance.now()}`);
  mkdirSync(folder, { recursive: true });
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, source] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), source);
  }
  if (modules !== undefined) symlinkSync(modules, join(folder, 'node_modules'));
  const config = {
    extends: '../../../../tsconfig.check.json',
    compilerOptions: { skipLibCheck: false, types: ['node'] },
    include: ['**/*.ts'],
    exclude: ['node_modules'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  try {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], {
      encoding: 'utf8',
    });
    return '';
  } catch (error) {
    // Errors in the declarations of other libraries are left out.
    const lines = (error as { stdout: string }).stdout.split('\n');
    return lines.filter((line) => line.includes('error') && !line.includes('node_modules/')).join('\n');
  }
}
