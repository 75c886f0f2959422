/**
 * Tests against HashiCorp's own yamux, if a Go compiler and the source of this yamux are installed (Debian:
 * golang-go golang-github-hashicorp-yamux-dev).
 */

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { LeanSession, type RawStream, type Role } from '../support/internals.ts';
import { echo, pattern, readAll, until } from '../support/session-pair.ts';

const KiB = 1024;
const goPath = process.env['GOPATH'] ?? '/usr/share/gocode';
const source = new URL('./go-peer', import.meta.url).pathname;

/** Returns the reason why these tests cannot run here; undefined if they can. */
function whyNot(): string | undefined {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
  } catch {
    return 'needs a Go compiler (golang-go)';
  }
  const yamux = join(goPath, 'src/github.com/hashicorp/yamux');
  return existsSync(yamux) ? undefined : 'needs golang-github-hashicorp-yamux-dev';
}

const reason = whyNot();

describe.skipIf(reason !== undefined)(
  `hashicorp/yamux${reason === undefined ? '' : ` (SKIPPED: ${reason})`}`,
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'mux-go-'));
    const binary = join(directory, 'go-peer');

    beforeAll(() => {
      const env = {
        ...process.env,
        GOPATH: goPath,
        GO111MODULE: 'off',
        GOFLAGS: '',
        GOCACHE: join(directory, 'cache'),
      };
      execFileSync('go', ['build', '-o', binary, '.'], { cwd: source, env, stdio: 'inherit' });
    }, 300_000);
    afterAll(() => rmSync(directory, { recursive: true, force: true }));

    interface GoPeer {
      session: LeanSession;
      child: ChildProcess;
      /** Returns the lines that the peer has written to standard error. */
      reports: () => Record<string, unknown>[];
    }

    /** Starts the Go peer in the other role, and makes a session with this peer. */
    function facing(role: Role, job: string[], onStream?: (stream: RawStream) => void): GoPeer {
      const child = spawn(binary, [role === 'client' ? 'server' : 'client', ...job], { stdio: 'pipe' });
      let text = '';
      child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
      const session = new LeanSession(
        { readable: child.stdout, writable: child.stdin },
        { role, ...(onStream && { onStream }) },
      );
      onTestFinished(async () => {
        await session.close();
        child.kill('SIGKILL');
      });
      const reports = (): Record<string, unknown>[] =>
        text
          .split('\n')
          .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]));
      return { session, child, reports };
    }

    describe.each<Role>(['client', 'server'])('we are the %s', (role) => {
      test.each([0, 100, 64 * KiB, 1024 * KiB, 8_000_000])(
        '%i bytes come back, and both halves finish',
        async (size) => {
          const { session } = facing(role, ['echo']);
          const stream = session.openStream();
          stream.end(pattern(size));
          expect((await readAll(stream)).equals(pattern(size))).toBe(true);
          await until(() => session.streamCount === 0, 'the table is empty');
        },
      );

      test('we open 1,000 streams at the same time and lose none', async () => {
        const { session } = facing(role, ['echo']);
        const trips = Array.from({ length: 1000 }, async (_, i) => {
          const stream = session.openStream();
          stream.end(pattern(100, i));
          return (await readAll(stream)).equals(pattern(100, i));
        });
        expect((await Promise.all(trips)).every(Boolean)).toBe(true);
        await until(() => session.streamCount === 0, 'the table is empty');
      });

      test.each([
        [1, 100],
        [1, 8_000_000],
        [20, 100_000],
        [1000, 100],
      ])('Go opens %i streams and gets %i bytes back on each', async (streams, bytes) => {
        const { session, reports } = facing(role, ['open', String(streams), String(bytes)], echo);
        await until(() => reports().length > 0, 'it is done', 15_000);
        expect(reports()).toEqual([{ failures: {}, pinged: true }]);
        await until(() => session.streamCount === 0, 'the table is empty');
      });

      test('Go opens 600 streams, and they wait until we accept them', async () => {
        const { session, reports } = facing(role, ['open', '600', '100']);
        void (async () => {
          for await (const stream of session) stream.pipe(stream);
        })().catch(() => {});
        await until(() => reports().length > 0, 'it is done', 15_000);
        expect(reports()).toEqual([{ failures: {}, pinged: true }]);
      });

      test('after Go’s go-away, we continue with an open stream and can open no other', async () => {
        const { session, reports } = facing(role, ['goaway']);
        const stream = session.openStream();
        stream.write('before');
        expect(String(await new Promise((resolve) => stream.once('data', resolve)))).toBe('before');
        await until(() => throws(() => session.openStream()), 'the go-away has come');
        stream.end('after');
        expect((await readAll(stream)).toString()).toBe('after');
        await until(() => reports().length > 0, 'it is done');
      });

      test('we measure a round trip', async () => {
        const { session } = facing(role, ['echo']);
        expect(await session.ping()).toBeGreaterThan(0);
      });

      test('we close, and Go sees a clean end', async () => {
        const { session, reports } = facing(role, ['echo']);
        const stream = session.openStream();
        stream.end('x');
        await readAll(stream);
        await until(() => session.streamCount === 0, 'Go has finished its half');
        await session.close();
        await until(() => reports().length > 0, 'it is done');
        expect(reports()[0]).toMatchObject({ end: 'EOF' });
      });
    });
  },
);

function throws(run: () => void): boolean {
  try {
    run();
    return false;
  } catch {
    return true;
  }
}
