import { nodeResolve } from '@rollup/plugin-node-resolve';
import { build as esbuild, stop as stopEsbuild } from 'esbuild';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { rollup } from 'rollup';
import { build as vite } from 'vite';
import webpack from 'webpack';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixture } from '../support/life.ts';

/** Builds the programs into `outdir`, and resolves to the `type` that package.json needs for them. */
type Bundle = (programs: Record<string, string>, outdir: string) => Promise<'module' | 'commonjs'>;

const bundlers: Record<string, Bundle> = {
  'esbuild, as ES modules': async (entryPoints, outdir) => {
    await esbuild({ entryPoints, outdir, ...esbuildOptions, format: 'esm' });
    return 'module';
  },
  'esbuild, as CommonJS': async (entryPoints, outdir) => {
    await esbuild({ entryPoints, outdir, ...esbuildOptions, format: 'cjs' });
    return 'commonjs';
  },
  'esbuild, as minified CommonJS': async (entryPoints, outdir) => {
    const minified = { ...esbuildOptions, minify: true } as const;
    await esbuild({ entryPoints, outdir, ...minified, format: 'cjs' });
    return 'commonjs';
  },
  rollup: async (input, dir) => {
    const bundle = await rollup({
      input,
      plugins: [nodeResolve({ preferBuiltins: true })],
      external: builtinModules.flatMap((name) => [name, `node:${name}`]),
      onwarn: (warning) => expect(warning).toBeUndefined(),
    });
    await bundle.write({ dir, format: 'es' });
    await bundle.close();
    return 'module';
  },
  vite: async (input, outDir) => {
    await vite({
      configFile: false,
      logLevel: 'warn',
      ssr: { noExternal: true },
      build: { ssr: true, outDir, emptyOutDir: true, rollupOptions: { input } },
    });
    return 'module';
  },
  webpack: async (entry, path) => {
    const compiler = webpack({
      entry,
      mode: 'production',
      optimization: { minimize: false },
      target: 'node20',
      output: { path, filename: '[name].js' },
    });
    const stats = await promisify(compiler.run.bind(compiler))();
    expect(stats?.toJson({ all: false, errors: true, warnings: true })).toMatchObject({
      errors: [],
      warnings: [],
    });
    return 'commonjs';
  },
};

const esbuildOptions = { bundle: true, platform: 'node', target: 'node20', logLevel: 'silent' } as const;

describe('a host and its plugin', () => {
  let root = '';
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'pipework-bundles-'));
  });
  afterAll(async () => {
    await stopEsbuild();
    await rm(root, { recursive: true });
  });

  test.each(Object.entries(bundlers))('work when they are bundled by %s', async (name, bundle) => {
    const outdir = join(root, name.replaceAll(/\W+/g, '-'));
    await mkdir(outdir);
    const programs = { host: fixture('starts-what-it-is-told'), plugin: fixture('greets-in-any-format') };
    const type = await bundle(programs, outdir);
    // Node finds no package from this folder, so the bundles must contain every package that they use.
    await writeFile(join(outdir, 'package.json'), JSON.stringify({ type }));
    const words = ['host', 'plugin'].map((program) => join(outdir, `${program}.js`));
    const { stdout, stderr } = await promisify(execFile)(process.execPath, words);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      greeting: 'Hello, bundle!',
      by: 'quit',
      found: ['/usr/bin/env'],
    });
  });
});
