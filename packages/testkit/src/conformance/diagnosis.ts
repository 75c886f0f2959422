/** Names the likely causes of a failed wait, from the state of the streams and of the awaited call. */
import type { Diagnosis } from './excerpt.ts';

import type { AwaitedCall, RawStream, StreamSession, WaitFailure } from './raw-stream.ts';

export function diagnose({ session, call }: WaitFailure): Diagnosis {
  const silent = [...session.streams.values()].filter(isSilent);
  if (silent.length > 0) return { causes: [whySilent(session, silent)], streams: idsOf(silent) };
  const partial =
    session.partialBytes > 0
      ? [`the plugin sent ${String(session.partialBytes)} bytes of a frame, and not the rest of it`]
      : [];
  if (call === undefined) return { causes: partial, streams: new Set() };
  return { causes: [...partial, whyUnanswered(call)], streams: idsOf([call.stream]) };
}

/** True if the host opened the stream and has not reset it, and the plugin has sent nothing on it. */
const isSilent = ({ id, acks, receivedBytes, isRefused, isDropped }: RawStream): boolean =>
  id % 2 === 1 && acks === 0 && receivedBytes === 0 && !isRefused && !isDropped;

const idsOf = (streams: readonly RawStream[]): Set<number> => new Set(streams.map(({ id }) => id));

function whySilent({ plugin }: StreamSession, streams: readonly RawStream[]): string {
  const ids = streams.map(({ id }) => id);
  const named =
    ids.length > 5 ? `${ids.slice(0, 5).join(', ')} and ${String(ids.length - 5)} more` : ids.join(', ');
  const what = `${ids.length === 1 ? `stream ${named} was` : `streams ${named} were`} opened and never answered`;
  if (ids.includes(1))
    return `${what}: does the plugin read descriptor ${String(plugin.fds[0])} and serve yamux on it?`;
  if (ids.some((id) => id <= 5)) return `${what}: the plugin must accept three streams at its start`;
  return `${what}: does the plugin accept streams in a loop, and read the broker id that each begins with?`;
}

function whyUnanswered({ stream, id }: AwaitedCall): string {
  const { pending } = stream;
  const method = pending.get(id);
  const called = method === undefined ? 'a call whose method is not known' : `call ${String(id)} ${method}`;
  const more = pending.size > 1 ? `, and ${String(pending.size - 1)} more` : '';
  const what = `on stream ${String(stream.id)} ${called} was sent and never answered${more}`;
  if (stream.isRefused) return `${what}: the plugin ended the stream`;
  if (stream.ourCredit <= 0)
    return `${what}: the host has no credit left there, because the plugin does not read the stream`;
  if (stream.theirCredit <= 0) return `${what}: the plugin has used up its credit there`;
  return what;
}
