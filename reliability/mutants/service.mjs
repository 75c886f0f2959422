// The service that the conformance suite calls in plugin.mjs.
import { spawn } from 'node:child_process';
import { hasReference, plainNumber, reference, returned } from './beyond.mjs';
import { Ext, Float, encode } from './values.mjs';

export function serviceOf(session) {
  const { breaks } = session;
  return {
    echo([param], answer) {
      if (param === undefined) return answer(null, null);
      const { value } = param;
      if (breaks('sends-tables-to-all') && Array.isArray(value) && value[0] instanceof Map) {
        const keys = [...value[0].keys()];
        return answer(null, [
          new Ext(80, Buffer.from('t')),
          keys,
          ...value.flatMap((row) => keys.map((key) => row.get(key))),
        ]);
      }
      if (breaks('loses-bigints') && typeof value === 'bigint') return answer(null, Number(value));
      if (breaks('refuses-whole-floats') && value instanceof Float && Number.isInteger(value.value))
        return answer({ message: 'a float in place of an integer' });
      if (breaks('writes-integers-as-floats') && Number.isInteger(value))
        return answer(null, new Float(value));
      if (breaks('loses-negative-zero') && value instanceof Float && value.value === 0)
        return answer(null, 0);
      if (breaks('gives-bytes-as-text') && value instanceof Uint8Array)
        return answer(null, Buffer.from(value).toString());
      if (breaks('cuts-long-values') && Array.isArray(value)) return answer(null, value.slice(0, 10));
      if (breaks('loses-maps') && value instanceof Map) return answer(null, [...value]);
      if (breaks('loses-text') && typeof value === 'string') return answer(null, value.slice(0, 100));
      if (breaks('rounds-floats') && value instanceof Float)
        return answer(null, new Float(Math.fround(value.value)));
      if (breaks('loses-nil') && (value === null || value === false)) return answer(null, 0);
      if (breaks('loses-timestamps') && value instanceof Ext && value.type === -1) return answer(null, null);
      if (breaks('loses-small-integers') && value === 127) return answer(null, -129);
      if (breaks('forgets-marks') && Array.isArray(value) && value[0] instanceof Ext)
        return answer(null, value.slice(1));
      if (breaks('loses-undefined') && value instanceof Ext && value.type === 0) return answer(null, null);
      if (breaks('loses-great-bigints') && value instanceof Ext && value.data[0] === 0x4e)
        return answer(null, 0);
      if (!hasReference(value)) return answer(null, param.bytes);
      answer(null, breaks('gives-functions-as-its-own') ? value : returned(value));
    },
    fail: ([{ value }], answer) => answer({ message: breaks('hides-the-message') ? 'failed' : value }),
    print([{ value }], answer) {
      let text = Buffer.from(value.get('text'));
      if (breaks('prints-half')) text = text.subarray(0, text.length >> 1);
      const stream = session.outputs[value.get('stream')];
      if (breaks('answers-before-it-prints')) {
        answer(null, null);
        setTimeout(() => stream.write(text), 20);
      } else if (breaks('waits-with-all-for-a-print')) {
        session.isBlocked = stream.credit < text.length;
        stream.write(text, () => {
          session.unblock();
          answer(null, null);
        });
      } else stream.write(text, () => answer(null, null));
    },
    bytes([{ value }], answer) {
      const bytes = Buffer.alloc(plainNumber(value));
      const first = breaks('gives-wrong-bytes') ? 4 : 3;
      for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7 + first) & 255;
      answer(null, bytes);
    },
    sleep([{ value }], answer, call) {
      const done = (error) => {
        clearTimeout(timer);
        answer(error, breaks('answers-nothing-with-undefined') ? new Ext(0, Buffer.of(0)) : null);
      };
      const timer = setTimeout(done, plainNumber(value));
      call.abort.signal.addEventListener('abort', () => done({ message: 'the call was cancelled' }));
      if (breaks('runs-one-call-at-a-time')) {
        const until = Date.now() + Math.min(plainNumber(value), 1_000);
        while (Date.now() < until);
        done();
      }
    },
    run([{ value }], answer) {
      const [file, ...args] = value;
      const fds = breaks('leaves-its-descriptors') ? session.fds : [];
      const ignored = ['INT', 'PIPE'].find((name) => breaks(`leaves-sig${name.toLowerCase()}-ignored`));
      const deaf =
        ignored === undefined
          ? [file, args]
          : ['sh', ['-c', `trap "" ${ignored}; exec "$0" "$@"`, file, ...args]];
      const child = spawn(...deaf, { stdio: ['ignore', 'pipe', 'inherit', ...fds] });
      let text = '';
      child.stdout.on('data', (chunk) => (text += chunk));
      child.once('error', (error) => answer({ message: error.message }));
      child.once('close', () => answer(null, text));
    },
    async each([{ value }, { value: visit }], answer, { conversation }) {
      const id = visit.data.readUInt32BE(1);
      if (breaks('retains-what-it-borrows')) conversation.notify('$/retain', [id]);
      try {
        if (breaks('calls-functions-once')) await conversation.ask('$/call', [id, [value[0], 0]]);
        else
          for (const [index, item] of value.entries()) await conversation.ask('$/call', [id, [item, index]]);
        answer(null, value.length);
      } catch (error) {
        answer(breaks('hides-failures-of-the-host') ? null : { message: error.message }, 0);
      }
    },
    count([{ value }], answer) {
      if (!session.hostHas('refs') && !breaks('gives-references-to-all'))
        return answer({ message: 'a stream of values cannot travel to this host' });
      const id = session.offer((stream) => giveItems(stream, plainNumber(value), breaks));
      answer(null, reference('i', id));
    },
  };
}

/**
 * Writes numbers to a stream of values, as fast as the host grants credit. The first number is 1, and the
 * last is `to`. Stops early if the receiver calls `return()`.
 */
function giveItems(stream, to, breaks) {
  let next = 1;
  let hasEnded = false;
  const more = () => {
    while (!hasEnded && next <= to && !stream.isHeldUp) {
      const some = [];
      while (next <= to && some.length < 256) some.push(encode([0, next++]));
      stream.write(Buffer.concat(some));
    }
    if (hasEnded || next <= to || stream.isHeldUp) return;
    hasEnded = true;
    if (!breaks('never-ends-items')) stream.write(encode([1, null]));
    stream.finish();
  };
  stream.onDrain = more;
  stream.onReadable = () => {
    const message = stream.read();
    const isEnd = stream.peerFinished && !breaks('ignores-the-end-of-items');
    if (hasEnded || !(isEnd || message.length > 0) || breaks('ignores-return')) return;
    if (message[1] === 1 && breaks('ignores-throw')) return;
    hasEnded = true;
    stream.write(encode([1, null]));
    stream.finish();
  };
  more();
}
