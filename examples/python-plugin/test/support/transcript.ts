// Sends the bytes that docs/other-languages.md shows to a real plugin.
import { readFileSync } from 'node:fs';
import { encodeFrame } from '@pipework/mux/frame';
import { RawHost } from './raw-host.ts';

interface Turn {
  who: 'host' | 'plugin';
  hex: string;
}

/**
 * Returns the turns of the transcript in docs/other-languages.md. A turn joins all consecutive lines of one
 * sender.
 */
function transcript(): Turn[] {
  const page = readFileSync(new URL('../../../../docs/other-languages.md', import.meta.url), 'utf8');
  const turns: Turn[] = [];
  for (const [, who, bytes = ''] of page.matchAll(/^(host|plugin) +((?:[0-9a-f]{2}(?: {1,2}|$))+)/gm)) {
    const hex = bytes.replaceAll(' ', '');
    const last = turns.at(-1);
    if (last !== undefined && last.who === who) last.hex += hex;
    else turns.push({ who: who as Turn['who'], hex });
  }
  return turns;
}

/**
 * Sends the host's bytes of the transcript. Returns the plugin's expected bytes, its actual bytes, and its
 * exit.
 */
export async function replay(
  command: [file: string, ...args: string[]],
): Promise<{ expected: string; said: string; exit: unknown }> {
  await using host = new RawHost(command, {});
  await host.greeted();
  const said = () => Buffer.concat(host.seen.map((frame) => encodeFrame(frame))).toString('hex');
  let expected = '';
  for (const turn of transcript()) {
    if (turn.who === 'host') host.write(Buffer.from(turn.hex, 'hex'));
    else {
      expected += turn.hex;
      await host.until(
        () => said().length >= expected.length,
        `${turn.hex.length / 2} bytes of the transcript`,
      );
    }
  }
  const result = { expected, said: said().slice(0, expected.length) };
  await host.response(1, 2); // the answer to Quit, whose text the plugin chooses
  host.close();
  return { ...result, exit: await host.exited };
}
