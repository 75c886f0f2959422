// node bench/startup.mjs [rounds]: measures what each part of a plugin's start costs. It starts several kinds
// of child processes, and each kind imports different modules. Each round starts one child of each kind. The
// printed table has the time until a child writes its first byte to descriptor 4, and the memory of the idle
// child.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { median } from './lib/loops.mjs';
import { cpuMicros, residentMiB } from './lib/memory.mjs';

const rounds = Number(process.argv[2] ?? 15);
const here = fileURLToPath(new URL('.', import.meta.url));
// This folder is inside the package `pipework-bench`, so the programs in the folder can import the
// dependencies of this package.
mkdirSync(join(here, 'results'), { recursive: true });
const folder = mkdtempSync(join(here, 'results', 'startup-'));

const pipes = `
import { Socket } from 'node:net';
const readable = new Socket({ fd: 3, readable: true, writable: false });
const writable = new Socket({ fd: 4, readable: false, writable: true });
readable.on('end', () => process.exit()).resume();
writable.write('x');`;

const imports = (names) => names.map((name) => `import '${name}';`).join('\n') + pipes;

const variants = {
  'one byte by writeSync, no pipes opened': `import { writeSync } from 'node:fs'; writeSync(4, 'x'); setTimeout(() => {}, 5000);`,
  'sockets on 3 and 4 (the floor)': pipes,
  '+ node:util, node:events, node:stream, node:timers/promises': imports([
    'node:util',
    'node:events',
    'node:stream',
    'node:timers/promises',
  ]),
  '+ node:async_hooks': imports(['node:async_hooks']),
  '+ node:diagnostics_channel': imports(['node:diagnostics_channel']),
  '+ node:module (createRequire)': imports(['node:module']),
  '+ node:fs/promises': imports(['node:fs/promises']),
  '+ node:stream/web': imports(['node:stream/web']),
  '+ node:perf_hooks': imports(['node:perf_hooks']),
  '+ node:crypto': imports(['node:crypto']),
  '+ node:child_process': imports(['node:child_process']),
  '+ process.stdout and process.stderr touched': `process.stdout; process.stderr;${pipes}`,
  '+ import msgpackr': imports(['msgpackr']),
  '+ import msgpackr, native part off': `process.env.MSGPACKR_NATIVE_ACCELERATION_DISABLED = 'true';\nawait import('msgpackr');${pipes}`,
  '+ require msgpackr/index-no-eval': `import { createRequire } from 'node:module';\ncreateRequire(import.meta.url)('msgpackr/index-no-eval');${pipes}`,
  '+ 20 small ESM files': manyFiles(20),
  '+ 60 small ESM files': manyFiles(60),
  '+ @pipework/mux': imports(['@pipework/mux']),
  '+ @pipework/core/plugin': imports(['@pipework/core/plugin']),
};

function manyFiles(count) {
  const names = Array.from({ length: count }, (_, i) => `./small-${count}-${i}.mjs`);
  names.forEach((name, i) => {
    const body = Array.from(
      { length: 40 },
      (_, line) => `export function f${i}x${line}(value) { return value + ${line}; }`,
    );
    writeFileSync(join(folder, name), body.join('\n'));
  });
  return imports(names);
}

const { NODE_EXTRA_CA_CERTS: _ca, NODE_OPTIONS: _options, ...env } = process.env;
const measured = new Map();
try {
  Object.values(variants).forEach((source, i) => writeFileSync(join(folder, `${i}.mjs`), source));
  for (let round = 0; round < rounds; round++) {
    for (const [i, name] of Object.keys(variants).entries()) {
      if (measured.get(name) === null) continue;
      const sample = await startOnce(join(folder, `${i}.mjs`));
      if (sample === undefined) measured.set(name, null);
      else measured.set(name, [...(measured.get(name) ?? []), sample]);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}

const base = middle(measured.get('sockets on 3 and 4 (the floor)'));
console.log(`node ${process.version}, ${rounds} rounds, medians; in brackets the difference to the floor\n`);
console.log('| child | first byte, ms | CPU until then, ms | idle RSS, MiB |\n| --- | ---: | ---: | ---: |');
for (const [name, samples] of measured) {
  if (samples === null) {
    console.log(`| ${name} | can't be loaded here | | |`);
    continue;
  }
  const { ms, cpu, rss } = middle(samples);
  console.log(
    `| ${name} | ${ms.toFixed(1)} (${signed(ms - base.ms)}) | ${cpu.toFixed(1)} (${signed(cpu - base.cpu)}) | ${rss.toFixed(1)} (${signed(rss - base.rss)}) |`,
  );
}

function middle(samples) {
  return {
    ms: median(samples.map(({ ms }) => ms)),
    cpu: median(samples.map(({ cpu }) => cpu)),
    rss: median(samples.map(({ rss }) => rss)),
  };
}

function signed(value) {
  return `${value < 0 ? '' : '+'}${value.toFixed(1)}`;
}

async function startOnce(file) {
  const begin = performance.now();
  const child = spawn(process.execPath, [file], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    env,
  });
  const exited = once(child, 'exit');
  const answered = await Promise.race([
    once(child.stdio[4], 'data').then(() => true),
    exited.then(() => false),
  ]);
  if (!answered) return undefined;
  const ms = performance.now() - begin;
  const cpu = cpuMicros(child.pid) / 1000;
  await sleep(100);
  const rss = residentMiB(child.pid);
  child.kill('SIGKILL');
  await exited;
  return { ms, cpu, rss };
}
