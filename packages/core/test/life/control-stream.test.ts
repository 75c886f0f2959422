/**
 * Tests that the end of the control stream ends the session, on either side. In each test, one side is a bare
 * session of the mux.
 */

import { PassThrough } from 'node:stream';
import { LeanSession, type RawStream } from '@pipework/mux/lean';
import { describe, expect, onTestFinished, test } from 'vitest';
import { awaitLine, type LaunchedProcess } from '../support/internals.ts';
import { Client, MagicCookieKey, MagicCookieValue, serve } from '../../src/index.ts';

const ends: Record<string, (stream: RawStream) => void> = {
  finished: (stream) => stream.end(),
  reset: (stream) => stream.reset(),
};

/**
 * Returns a process that exists only in memory. It holds a plugin's end of a session over pipes, and exits
 * when the session has ended. `act` is called with the control stream.
 */
function pluginByHand(act: (control: RawStream) => void): LaunchedProcess {
  const [down, up] = [new PassThrough(), new PassThrough()];
  up.write('1|pipe|3,4\n');
  let streams = 0;
  const session = new LeanSession(
    { readable: down, writable: up },
    {
      role: 'server',
      onStream: (stream) => {
        streams += 1;
        if (streams === 1) act(stream);
      },
    },
  );
  const exited = session.closed.then(
    () => ({ code: 0, signal: null }),
    () => ({ code: 0, signal: null }),
  );
  return { readable: up, writable: down, kill: () => true, exited };
}

describe.each(Object.keys(ends))('if the control stream is %s', (how) => {
  const end = ends[how]!;

  test('by the host, the plugin ends', async () => {
    const [down, up] = [new PassThrough(), new PassThrough()];
    const env = { [MagicCookieKey]: MagicCookieValue };
    const serving = serve({ plugins: {}, transport: { readable: down, writable: up, env } });
    await awaitLine(up).greeted;
    const session = new LeanSession({ readable: up, writable: down }, { role: 'client' });
    onTestFinished(() => session.close());
    const [control] = [session.openRaw(), session.openRaw(), session.openRaw()];
    end(control);
    await serving;
  });

  test('by the plugin, the host ends the plugin', async () => {
    const warnings: string[] = [];
    const ignore = (): void => {};
    const warn = (...words: unknown[]): void => void warnings.push(words.join(' '));
    const client = new Client({
      cmd: ['by-hand'],
      launcher: () => pluginByHand(end),
      stdin: 'ignore',
      logger: { trace: ignore, debug: ignore, info: ignore, warn, error: ignore },
    });
    onTestFinished(async () => void (await client.kill()));
    await client.start();
    expect(await client.exit).toMatchObject({ by: 'eof' });
    expect(warnings.join()).toContain('it ended the control stream');
  });
});
