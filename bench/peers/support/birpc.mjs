// Makes the two ends of birpc, for a channel that the caller provides. Each item of a stream is sent as an
// event of birpc.
import { createBirpc } from 'birpc';
import * as service from '../../lib/service.mjs';
import { fromText, toText } from './messages.mjs';

export function birpcHost(channel) {
  let onItem;
  let onCallback;
  const remote = createBirpc(
    { item: (value) => onItem(value), visit: (value) => onCallback(value) },
    channel,
  );
  return {
    add: (a, b) => remote.add(a, b),
    records: (list) => remote.records(list),
    bytes: (value) => remote.bytes(value),
    stream: (count, listener) => {
      onItem = listener;
      return remote.stream(count);
    },
    callbacks: (count, answer) => {
      onCallback = answer;
      return remote.callbacks(count);
    },
  };
}

export function birpcChild(channel, { bytesAsText = false } = {}) {
  const methods = {
    add: service.add,
    records: service.records,
    bytes: bytesAsText ? (text) => toText(service.bytes(fromText(text))) : service.bytes,
    stream: (count) => service.produce(count, (item) => void remote.item.asEvent(item)),
    callbacks: (count) => service.callBack(count, (i) => remote.visit(i)),
  };
  const remote = createBirpc(methods, channel);
}
