// Sends the public vectors of RPC to a real plugin: packages/testkit/vectors/rpc.hex.
import { readFileSync } from 'node:fs';
import { rawHost } from './raw-host.ts';

const file = new URL('../../../../packages/testkit/vectors/rpc.hex', import.meta.url);

interface Vector {
  readonly name: string;
  request: string;
  answer: string;
}

function vectors(): Vector[] {
  const found: Vector[] = [];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const hex = line.slice(1).replace(/#.*/, '').replaceAll(' ', '');
    if (line.startsWith('[')) found.push({ name: line, request: '', answer: '' });
    else if (line.startsWith('>')) found.at(-1)!.request += hex;
    else if (line.startsWith('<')) found.at(-1)!.answer += hex;
  }
  return found;
}

/**
 * Sends each request to the plugin's service `conformance`. Returns the expected and the actual answers, by
 * name.
 */
export async function replayVectors(
  command: [file: string, ...args: string[]],
): Promise<{ expected: Record<string, string>; said: Record<string, string> }> {
  await using host = await rawHost(command);
  await host.dispense('conformance', 7);
  const expected: Record<string, string> = {};
  const said: Record<string, string> = {};
  let length = 0;
  for (const [id, { name, request, answer }] of vectors().entries()) {
    host.data(7, Buffer.from(request, 'hex'));
    await host.response(7, id);
    expected[name] = answer;
    said[name] = Buffer.from(host.bytes(7).subarray(length)).toString('hex');
    length = host.bytes(7).length;
  }
  return { expected, said };
}
