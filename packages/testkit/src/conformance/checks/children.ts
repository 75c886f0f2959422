/**
 * Checks of sections 1 and 2 of docs/protocol.md: a plugin passes neither variables nor descriptors of the
 * protocol to the programs that it starts.
 */
import { show } from '../../transcript/show.ts';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Check } from '../bench.ts';
import { expectWithin, pause } from '../raw-plugin.ts';
import { demand, demandEqual, DoesNotApply } from '../verdict.ts';

const section = 'start and handshake';

/** A program that prints the names of its environment variables. */
const tellsItsEnvironment = 'process.stdout.write(JSON.stringify(Object.keys(process.env)))';

/**
 * A program that creates a file in the given folder as soon as it runs. The program runs while that folder
 * exists, but at most five minutes. The check is over by then. If the program ended during the check, the
 * check could not see that the program has inherited a descriptor.
 */
const livesWithItsFolder = `
const { existsSync, writeFileSync } = require('node:fs');
const [folder] = process.argv.slice(1);
writeFileSync(folder + '/runs', '');
setInterval(() => { if (!existsSync(folder)) process.exit(); }, 50);
setTimeout(() => process.exit(), 300_000);
`;

/** Resolves when the program has created its file in `folder`, or `folder` is gone. */
async function runsIn(folder: string): Promise<void> {
  while (existsSync(folder) && !existsSync(join(folder, 'runs'))) await pause(50);
}

/** Variables that a host may set in addition to the required ones. */
const optional = {
  PIPEWORK_LOG_LEVEL: 'warn',
  PIPEWORK_TERMINAL: 'stdout:80x24x8',
  PIPEWORK_COMMAND: '1:conformance',
};

export const childChecks: Check[] = [
  {
    section,
    name: 'leaves neither the cookie nor any PIPEWORK_ variable to the programs that it starts',
    run: async (bench) => {
      const connection = await bench.dispense(await bench.ready({ env: optional }));
      const output = await bench.call(connection, 'run', [process.execPath, '-e', tellsItsEnvironment]);
      const names = namesIn(output);
      const [cookie] = bench.target.cookie;
      const left = names.filter((name) => name === cookie || name.startsWith('PIPEWORK_')).sort();
      demandEqual(left, [], "the protocol's variables in a program that the plugin starts");
    },
  },
  {
    section,
    name: 'passes its descriptors to no program that it starts',
    run: async (bench) => {
      const running = await bench.ready({ graceMs: 400 });
      const connection = await bench.dispense(running);
      await bench.call(connection, 'run', [process.execPath, '-e', '']);
      const folder = mkdtempSync(join(tmpdir(), 'pipework-conformance-'));
      try {
        connection.request('Plugin.run', [[process.execPath, '-e', livesWithItsFolder, folder]]);
        const { timeoutMs } = bench.target;
        await expectWithin(runsIn(folder), 3 * timeoutMs, 'Plugin.run to start the program');
        // Descriptor 4 may be a socket. If the plugin ended in an orderly way, it would shut the socket down,
        // even for a program that has inherited it. So the check kills the plugin. If the plugin runs inside
        // a wrapper, SIGKILL ends only the wrapper, and the plugin exits at the end of descriptor 3.
        running.plugin.signal('SIGKILL');
        running.plugin.end();
        const what = 'the end of descriptor 4 after the plugin was killed, although its program still runs';
        await expectWithin(running.plugin.upstreamEnded, timeoutMs, what);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  },
  {
    section,
    name: 'starts programs that SIGINT, SIGHUP and SIGPIPE can end, like any other program',
    run: async (bench) => {
      if (process.platform !== 'linux')
        throw new DoesNotApply('only Linux shows which signals a program ignores');
      const connection = await bench.dispense(await bench.ready());
      const status = String(await bench.call(connection, 'run', ['cat', '/proc/self/status']));
      const ignored = BigInt(`0x${/^SigIgn:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
      const names = { SIGHUP: 1n, SIGINT: 2n, SIGPIPE: 13n };
      const left = Object.entries(names).filter(([, number]) => (ignored >> (number - 1n)) & 1n);
      demandEqual(
        left.map(([name]) => name),
        [],
        'the ignored signals in a program that the plugin starts',
      );
    },
  },
];

function namesIn(output: unknown): string[] {
  try {
    const names: unknown = JSON.parse(String(output));
    if (Array.isArray(names)) return names.map(String);
  } catch {
    // The `demand()` below reports the invalid output.
  }
  demand(false, 'Plugin.run to return the output of the program', show(output));
}
