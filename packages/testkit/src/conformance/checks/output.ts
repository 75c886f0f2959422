/**
 * Checks of section 5 of docs/protocol.md, the synced output: the output arrives complete, in order and
 * before the reply, and never delays another call.
 */
import type { Check } from '../bench.ts';
import { demandEqual } from '../verdict.ts';

const section = 'synced output';

export const outputChecks: Check[] = (['stdout', 'stderr'] as const).flatMap((name): Check[] => [
  {
    section,
    name: `sends the output of a handler on ${name} before the handler's reply`,
    run: async (bench) => {
      const running = await bench.ready();
      const connection = await bench.dispense(running);
      for (let i = 0; i < 20; i++) {
        await bench.call(connection, 'print', { stream: name, text: `line ${String(i)}\n` });
        demandEqual(
          running[name].text().split('\n').at(-2),
          `line ${String(i)}`,
          `the last line on ${name} when the reply came`,
        );
      }
    },
  },
  {
    section,
    name: `sends 200 KiB printed on ${name} before the reply, because the output fits the window`,
    run: async (bench) => {
      const running = await bench.ready();
      const connection = await bench.dispense(running);
      const text = `${'0123456789abcdef'.repeat(4)}\n`.repeat(3150);
      await bench.call(connection, 'print', { stream: name, text });
      demandEqual(
        running[name].text() === text,
        true,
        `whether the whole text was on ${name} when the reply came`,
      );
    },
  },
  {
    section,
    // If the window is full, a handler that prints may wait. Other calls must not wait for that handler.
    name: `answers other calls although the host does not take the output on ${name}, and loses no output`,
    run: async (bench) => {
      const running = await bench.ready();
      const [printer, other] = [await bench.dispense(running), await bench.dispense(running)];
      await bench.call(printer, 'print', { stream: name, text: '' });
      const stream = running[name];
      stream.autoCredit = false;
      const text = 'x'.repeat(100_000);
      const printed = Promise.all(
        Array.from({ length: 5 }, () => printer.callLarge('Plugin.print', [{ stream: name, text }])),
      );
      // If the check fails before it awaits `printed`, a rejection must not count as unhandled.
      printed.catch(() => undefined);
      await running.session.until(
        () => stream.receivedBytes >= 262_144,
        `the window of ${name} to be filled`,
      );
      demandEqual(await bench.call(other, 'echo', 'meanwhile'), 'meanwhile', 'the result of echo');
      await running.control.result('Control.Ping', true);
      demandEqual(stream.receivedBytes, 262_144, `the bytes on ${name} without further credit`);
      stream.autoCredit = true;
      stream.grant(262_144);
      await printed;
      await running.session.until(() => stream.receivedBytes >= 500_000, `500,000 bytes on ${name}`);
      demandEqual(stream.text().length, 500_000, `the bytes on ${name}`);
    },
  },
]);
