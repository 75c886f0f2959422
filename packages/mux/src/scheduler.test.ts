import { describe, expect, test } from 'vitest';
import { describeFlags, FrameType, INITIAL_WINDOW } from './frame.ts';
import { MAX_FRAME } from './frame-batch.ts';
import { BATCH_BYTES, type FrameWriter } from './frame-writer.ts';
import { Scheduler } from './scheduler.ts';
import { StreamRecord } from './stream-record.ts';

const KiB = 1024;

/** Makes a scheduler over a writer that logs every call: `1:16384` for payload, `1 FIN`, `1 +credit`. */
function makeScheduler() {
  const log: string[] = [];
  const writer = {
    isBlocked: false,
    hasEnded: false,
    batchBytes: 0,
    control: (type: number, flags: number, id: number, length: number) => {
      expect(type).toBe(FrameType.WindowUpdate);
      log.push(`${id} ${[describeFlags(flags), length > 0 ? `+${length}` : ''].filter(Boolean).join(' ')}`);
    },
    data: (id: number, chunk: Uint8Array) => void log.push(`${id}:${chunk.length}`),
    dataCopy: (id: number, _source: Uint8Array, start: number, end: number) =>
      void log.push(`${id}:${end - start} copied`),
    leave: () => void log.push('leave'),
    flush: () => void log.push('flush'),
  };
  const sent: number[] = [];
  const finished: number[] = [];
  const scheduler = new Scheduler(writer as unknown as FrameWriter, {
    allotWindow: () => INITIAL_WINDOW,
    onSent: ({ id }) => {
      sent.push(id);
      made.onSent(id);
    },
    onFinSent: ({ id }) => void finished.push(id),
  });
  /** Returns the log since the last call, and empties the log. */
  const written = (): string[] => log.splice(0);
  const made = { writer, scheduler, sent, finished, written, onSent: (_id: number): void => {} };
  return made;
}

/** A stream that is open on both sides. */
function open(id: number, bytes = 0): StreamRecord {
  const stream = new StreamRecord(id, 'unaccepted');
  stream.state.opening = 'open';
  if (bytes > 0) stream.outgoing.pushReference(new Uint8Array(bytes));
  return stream;
}

describe('streams that wait for the transport', () => {
  test('take turns of one frame in the order in which they began to wait', () => {
    const { writer, scheduler, written } = makeScheduler();
    writer.isBlocked = true;
    for (const stream of [open(1, 100 * KiB), open(3, 20 * KiB), open(5, 160 * KiB)]) scheduler.wake(stream);
    expect(written()).toEqual([]);
    writer.isBlocked = false;
    scheduler.fill();
    expect(written()).toEqual([...['1:65536', '3:20480', '5:65536', '1:36864', '5:65536'], '5:32768']);
    scheduler.fill();
    expect(written()).toEqual([]);
  });

  test('take turns of 16 KiB while more than 16 of them wait', () => {
    const { writer, scheduler, written } = makeScheduler();
    writer.isBlocked = true;
    const ids = Array.from({ length: 17 }, (_, i) => 2 * i + 1);
    for (const id of ids) scheduler.wake(open(id, id === 1 ? 40 * KiB : 16 * KiB));
    writer.isBlocked = false;
    scheduler.fill();
    expect(written()).toEqual([...ids.map((id) => `${id}:16384`), '1:24576']);
  });

  test('stop in the middle of a round when the transport is full, and continue with the next stream', () => {
    const made = makeScheduler();
    const { writer, scheduler, written } = made;
    writer.isBlocked = true;
    for (const stream of [open(1, 80 * KiB), open(3, 80 * KiB)]) scheduler.wake(stream);
    writer.isBlocked = false;
    made.onSent = () => void (writer.isBlocked = true);
    scheduler.fill();
    expect(written()).toEqual(['1:65536']);
    writer.isBlocked = false;
    made.onSent = () => {};
    scheduler.fill();
    expect(written()).toEqual(['3:65536', '1:16384', '3:16384']);
  });

  test('send each frame that they owe (SYN, ACK, credit, FIN) exactly once, before any payload', () => {
    const { writer, scheduler, written, finished } = makeScheduler();
    writer.isBlocked = true;
    const [loaded, owing] = [open(1, 10), open(3)];
    scheduler.wake(loaded);
    owing.oweCredit(500);
    owing.state.finish();
    scheduler.owe(owing);
    writer.isBlocked = false;
    scheduler.fill();
    expect(written()).toEqual(['3 +500', '3 FIN', '1:10']);
    expect(finished).toEqual([3]);
    scheduler.fill();
    expect(written()).toEqual([]);
  });

  test('send no more than the window allows, and the rest when the window opens', () => {
    const { scheduler, written } = makeScheduler();
    const stream = open(1, 100);
    stream.sendWindow.consume(INITIAL_WINDOW - 60);
    scheduler.wake(stream);
    expect(written()).toEqual(['1:60', 'leave']);
    scheduler.wake(stream);
    expect(written()).toEqual([]);
    stream.sendWindow.grant(1000);
    scheduler.wake(stream);
    expect(written()).toEqual(['1:40', 'leave']);
    expect(stream.sendWindow.available).toBe(960);
  });

  test('flush a batch that has become full', () => {
    const { writer, scheduler, written } = makeScheduler();
    writer.batchBytes = BATCH_BYTES - 1;
    scheduler.wake(open(1, 10));
    expect(written()).toEqual(['1:10', 'leave']);
    writer.batchBytes = BATCH_BYTES;
    scheduler.wake(open(3, 10));
    expect(written()).toEqual(['3:10', 'flush', 'leave']);
  });
});

describe('a stream that is removed from the lists', () => {
  /** Makes two streams that wait for the transport: 1, then 3. */
  function twoWaiting(): ReturnType<typeof makeScheduler> & { first: StreamRecord; last: StreamRecord } {
    const made = makeScheduler();
    made.writer.isBlocked = true;
    const [first, last] = [open(1, 60 * KiB), open(3, 60 * KiB)];
    for (const stream of [first, last]) made.scheduler.wake(stream);
    return { ...made, first, last };
  }

  test('has sent everything if expedite() removed it, and the other streams lose no turn', () => {
    const { writer, scheduler, written, sent, last } = twoWaiting();
    scheduler.expedite(last);
    expect(written()).toEqual(['3:61440', 'leave']);
    writer.isBlocked = false;
    scheduler.fill();
    expect(written()).toEqual(['1:61440']);
    expect(sent).toEqual([3, 1]);
  });

  test('sends nothing if forget() removed it, and the other streams lose no turn', () => {
    const { writer, scheduler, written, sent, last } = twoWaiting();
    last.oweCredit(500);
    scheduler.owe(last);
    scheduler.forget(last);
    writer.isBlocked = false;
    scheduler.fill();
    expect(written()).toEqual(['1:61440']);
    expect(sent).toEqual([1]);
  });

  test('has sent everything, and the frames that it owed, if fillAll() removed it', () => {
    const { writer, scheduler, written, sent, first } = twoWaiting();
    first.oweCredit(500);
    scheduler.owe(first);
    scheduler.fillAll();
    expect(written()).toEqual(['1 +500', '1:61440', '3:61440']);
    first.oweCredit(7);
    writer.isBlocked = false;
    scheduler.fill();
    expect(written()).toEqual([]);
    expect(sent).toEqual([1, 3]);
  });
});

describe('frames of one stream', () => {
  test('without payload are sent immediately while the transport accepts bytes', () => {
    const { scheduler, written } = makeScheduler();
    const stream = open(1);
    stream.oweCredit(500);
    scheduler.owe(stream);
    expect(written()).toEqual(['1 +500']);
    const opening = new StreamRecord(3, 'syn-due');
    opening.oweCredit(7);
    scheduler.owe(opening);
    expect(written()).toEqual(['3 SYN +7']);
  });

  test('begin with the frame that opens the stream, and this frame grants all the credit that is due', () => {
    const { scheduler, written } = makeScheduler();
    const stream = new StreamRecord(1, 'syn-due');
    stream.receiveWindow.accept(100);
    stream.receiveWindow.release(100);
    scheduler.send(stream, new Uint8Array(5));
    expect(written()).toEqual(['1 SYN +100', '1:5', 'leave']);
    scheduler.sendCopy(stream, new Uint8Array(9), 2, 9);
    expect(written()).toEqual(['1:7 copied', 'leave']);
    expect(stream.sendWindow.available).toBe(INITIAL_WINDOW - 12);
  });

  test('end with FIN, which is never sent while payload waits', () => {
    const { scheduler, written, finished } = makeScheduler();
    const stream = open(1, 100);
    stream.sendWindow.consume(INITIAL_WINDOW - 60);
    stream.state.finish();
    scheduler.owe(stream);
    expect(written()).toEqual([]);
    scheduler.wake(stream);
    expect(written()).toEqual(['1:60', 'leave']);
    stream.sendWindow.grant(40);
    scheduler.wake(stream);
    expect(written()).toEqual(['1:40', '1 FIN', 'leave']);
    scheduler.owe(stream);
    expect([written(), finished]).toEqual([[], [1]]);
  });

  test('are no longer than the maximum length', () => {
    const { scheduler, written } = makeScheduler();
    scheduler.expedite(open(1, 2 * MAX_FRAME + 1));
    expect(written()).toEqual([`1:${MAX_FRAME}`, `1:${MAX_FRAME}`, '1:1', 'leave']);
  });
});

test('a new stream counts as one from which no payload has arrived', () => {
  expect(new StreamRecord(1, 'syn-due').wasHeard).toBe(false);
});

describe('isClearFor()', () => {
  test('is true only if the transport accepts bytes, the stream may send, and no turns are being taken', () => {
    const made = makeScheduler();
    const { writer, scheduler } = made;
    const stream = open(1);
    expect(scheduler.isClearFor(stream)).toBe(true);
    expect(scheduler.isClearFor(new StreamRecord(3, 'queued'))).toBe(false);
    writer.isBlocked = true;
    expect(scheduler.isClearFor(stream)).toBe(false);
    writer.isBlocked = false;
    const during: boolean[] = [];
    made.onSent = () => void during.push(scheduler.isClearFor(stream));
    scheduler.wake(open(5, 1));
    expect(during).toEqual([false]);
    expect(scheduler.isClearFor(stream)).toBe(true);
  });
});

describe('a handler that writes while turns are taken', () => {
  test('queues its stream after the others, and starts no second round of turns', () => {
    const made = makeScheduler();
    const { writer, scheduler, written } = made;
    const late = open(5, 10);
    writer.isBlocked = true;
    for (const stream of [open(1, 160 * KiB), open(3, 80 * KiB)]) scheduler.wake(stream);
    made.onSent = (id) => {
      if (id !== 1) return;
      made.onSent = () => {};
      scheduler.wake(late);
      scheduler.fill();
    };
    writer.isBlocked = false;
    scheduler.fill();
    expect(written()).toEqual(['1:65536', '3:65536', '5:10', '1:65536', '3:16384', '1:32768']);
  });
});

describe('after our half has ended', () => {
  test('the scheduler moves nothing, even if fillAll() or expedite() is called', () => {
    const { writer, scheduler, written } = makeScheduler();
    const stream = open(1, 10);
    writer.isBlocked = true;
    scheduler.wake(stream);
    stream.state.finish();
    scheduler.owe(stream);
    writer.hasEnded = true;
    scheduler.fillAll();
    scheduler.expedite(stream);
    expect(written()).toEqual([]);
    expect(stream.outgoing.length).toBe(10);
  });

  test('expedite() of a stream that has nothing to send writes nothing', () => {
    const { scheduler, written, sent } = makeScheduler();
    scheduler.expedite(open(1));
    expect([written(), sent]).toEqual([[], []]);
  });
});
