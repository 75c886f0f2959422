// Tests the control group that a separate systemd makes for an isolated plugin.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { obstacle } from '../programs/escapes.mjs';
import { bootSystemd, hasMemoryInVersion1, whyNoSystemd } from '../lib/systemd.mjs';

const host = fileURLToPath(new URL('../fixtures/control-group/host.mjs', import.meta.url));

/**
 * Runs a case of fixtures/control-group/host.mjs in a systemd. Returns the objects that the host printed as
 * lines of JSON.
 */
async function runIn(systemd, name) {
  const { printed } = await systemd.run([process.execPath, host, name]);
  return printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

let systemd;
const why =
  (process.env.PIPEWORK_SEALED === '1' ? 'systemd needs sockets' : undefined) ??
  whyNoSystemd() ??
  obstacle('bubblewrap') ??
  (await bootSystemd().then(
    (booted) => void (systemd = booted),
    (error) => error.message,
  ));

const skipped = why === undefined ? '' : ` (SKIPPED: no systemd can be booted: ${why})`;

describe.skipIf(why !== undefined)(`a plugin in a control group of systemd${skipped}`, () => {
  afterAll(() => systemd?.stop());

  const run = (name) => runIn(systemd, name);

  const byKernel = {
    signal: 'SIGKILL',
    by: 'plugin',
    limit: 'memory',
    reason: expect.stringContaining(
      'ended because the kernel ended a process of its control group, which had no memory left (resources.memoryBytes: ',
    ),
    leftBehind: false,
    left: [],
  };

  test.each([
    ['fill', 'the plugin takes memory faster than the watch measures', 'watch, v8, systemd'],
    [
      'fillUnderModel',
      "the plugin takes memory too fast under Node's permission model",
      'watch, v8, systemd',
    ],
    [
      'fillFiles',
      'the plugin fills its private file systems, whose memory belongs to no process',
      'watch, v8, systemd',
    ],
    ['fillElsewhere', 'a child takes too much memory, while the plugin continues', 'watch, v8, systemd'],
  ])('reports its memory limit if the kernel kills a process (%s): %s', async (name, _, memoryBytes) => {
    const [exit] = await run(name);
    expect(exit).toMatchObject({ ...byKernel, held: { memoryBytes } });
  });

  test.each(['quits', 'quitsUnderModel'])('inherits no socket and leaves no group (%s)', async (name) => {
    const [exit] = await run(name);
    expect(exit).toMatchObject({ code: 0, by: 'quit', leftBehind: false, left: [] });
    expect(exit.held.memoryBytes).toBe('watch, v8, systemd');
    expect(exit.during).toBeGreaterThan(0);
    expect(exit.inherited).toEqual([]);
  });

  test('reports no limit if another process killed it', async () => {
    const [exit] = await run('killed');
    expect(exit).toMatchObject({ signal: 'SIGKILL', by: 'plugin', left: [] });
    expect(exit.limit).toBeUndefined();
  });

  test('leaves no group if it is killed at any moment of its start', async () => {
    expect(await run('startsAndKills')).toEqual([{ left: [] }]);
  });

  test('leaves no group if its host is killed', async () => {
    const [{ during }] = await run('dies');
    expect(during).toBeGreaterThan(0);
    expect(await run('left')).toEqual([{ left: [] }]);
  });
});

// If version 1 of control groups manages memory, version 2 cannot limit memory. systemd would then make a
// group of version 2 without the limit, so the launcher asks for no group.
const isElsewhere = why === undefined && hasMemoryInVersion1();

describe.skipIf(!isElsewhere)(
  `systemd with control groups of version 2 that cannot limit memory${isElsewhere ? '' : ` (SKIPPED: no systemd can be booted: ${why ?? 'version 2 has the memory'})`}`,
  () => {
    let unified;
    beforeAll(async () => void (unified = await bootSystemd({ isUnified: true })));
    afterAll(() => unified?.stop());

    test('makes no group for a plugin that fills files in memory, so the watch ends the plugin', async () => {
      const [exit] = await runIn(unified, 'fillFilesWatched');
      expect(exit).toMatchObject({ signal: 'SIGKILL', limit: 'memory', leftBehind: false, left: [] });
      expect(exit.held.memoryBytes).toBe('watch, v8');
      expect(exit.reason).toMatch(/MiB of it in files of/);
    });
  },
);
