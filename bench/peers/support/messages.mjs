// Some channels only carry messages. This file has the code that a user would write for such a channel: it
// adds calls, the items of streams, and callbacks.
import * as service from '../../lib/service.mjs';

/**
 * Makes the host's end. `post(message)` must send the message. The returned `receive` must be called with
 * each message that arrives.
 */
export function messageHost(post) {
  const pending = new Map();
  let lastId = 0;
  let onItem;
  let onCallback;
  const call = (method, ...args) =>
    new Promise((resolve, reject) => {
      const id = ++lastId;
      pending.set(id, { resolve, reject });
      post({ id, method, args });
    });
  const receive = (message) => {
    if (message.callback !== undefined) {
      post({ answer: message.callback, value: onCallback(message.value) });
    } else if (message.item !== undefined) {
      onItem(message.item);
    } else {
      const { resolve, reject } = pending.get(message.id);
      pending.delete(message.id);
      if (message.error === undefined) resolve(message.result);
      else reject(new Error(message.error));
    }
  };
  const peer = {
    add: (a, b) => call('add', a, b),
    records: (list) => call('records', list),
    bytes: (value) => call('bytes', value),
    stream: (count, listener) => {
      onItem = listener;
      return call('stream', count);
    },
    callbacks: (count, answer) => {
      onCallback = answer;
      return call('callbacks', count);
    },
  };
  return { peer, receive };
}

/**
 * Makes the child's end. Returns the function that must be called with each message that arrives. With
 * `bytesAsText`, bytes are sent as base64, because a channel of JSON cannot carry bytes.
 */
export function messageChild(post, { bytesAsText = false } = {}) {
  const waiting = new Map();
  let lastCallback = 0;
  const callHost = (value) =>
    new Promise((resolve) => {
      const callback = ++lastCallback;
      waiting.set(callback, resolve);
      post({ callback, value });
    });
  const methods = {
    add: service.add,
    records: service.records,
    bytes: bytesAsText ? (text) => toText(service.bytes(fromText(text))) : service.bytes,
    stream: (count) => service.produce(count, (item) => post({ item })),
    callbacks: (count) => service.callBack(count, callHost),
  };
  // A result that is not a promise is sent immediately. A user who cares about speed would do the same.
  const answer = ({ id, method, args }) => {
    const result = methods[method](...args);
    if (!(result instanceof Promise)) post({ id, result });
    else
      void result.then(
        (value) => post({ id, result: value }),
        (error) => post({ id, error: error.message }),
      );
  };
  return (message) => {
    if (message.answer === undefined) {
      answer(message);
    } else {
      const settle = waiting.get(message.answer);
      waiting.delete(message.answer);
      settle(message.value);
    }
  };
}

export const toText = (bytes) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
export const fromText = (text) => Buffer.from(text, 'base64');
