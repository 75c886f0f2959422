/** Says why a check probably failed, judging by the streams and calls that were open at that moment. */
import type { Diagnosis } from './excerpt.ts';
import type { RawSession, RawStream } from './raw-session.ts';

export function diagnose(session: RawSession): Diagnosis {
  const ours = [...session.streams.values()].filter(({ id }) => id % 2 === 1);
  const silent = ours.filter(
    (stream) => stream.acks === 0 && stream.receivedBytes === 0 && !stream.isRefused,
  );
  if (silent.length > 0) return { causes: [whySilent(silent)], streams: idsOf(silent) };
  const open = ours.filter((stream) => stream.pending.size > 0);
  const partial =
    session.partialBytes > 0
      ? [`the plugin sent ${String(session.partialBytes)} bytes of a frame, and not the rest of it`]
      : [];
  return { causes: [...partial, ...open.map(whyUnanswered)], streams: idsOf(open) };
}

const idsOf = (streams: readonly RawStream[]): Set<number> => new Set(streams.map(({ id }) => id));

function whySilent(streams: readonly RawStream[]): string {
  const ids = streams.map(({ id }) => id);
  const named =
    ids.length > 5 ? `${ids.slice(0, 5).join(', ')} and ${String(ids.length - 5)} more` : ids.join(', ');
  const what = `${ids.length === 1 ? `stream ${named} was` : `streams ${named} were`} opened and never answered`;
  if (ids.includes(1)) return `${what}: does the plugin read descriptor 3 and serve yamux on it?`;
  if (ids.some((id) => id <= 5)) return `${what}: the plugin must accept three streams at its start`;
  return `${what}: does the plugin accept streams in a loop, and read the broker id that each begins with?`;
}

function whyUnanswered(stream: RawStream): string {
  const [[id, method] = [0, '']] = stream.pending;
  const more = stream.pending.size > 1 ? `, and ${String(stream.pending.size - 1)} more` : '';
  const what = `on stream ${String(stream.id)} call ${String(id)} ${method} was sent and never answered${more}`;
  if (stream.isRefused) return `${what}: the plugin ended the stream`;
  if (stream.ourCredit <= 0)
    return `${what}: the host has no credit left there, so the plugin does not read it`;
  if (stream.theirCredit <= 0) return `${what}: the plugin has used up its credit there`;
  return what;
}
