// The measurements of a mux, in the order of the report. Each of them is called a work, and returns a rate.
const MiB = 1024 * 1024;
export const MESSAGE = 100;

/**
 * A work has a `name`, a `title` and `run(mux, milliseconds)`. If some candidates cannot do the work,
 * `without` lists them. Each work runs in a fresh pair of processes.
 */
export const works = [
  {
    name: 'duplex-bulk',
    title: 'one stream, MiB/s',
    run: bulk,
  },
  {
    name: 'rt100',
    title: 'round trips/s of 100 streams, a message of 100 bytes each',
    run: (mux, milliseconds) => roundTrips(mux, 100, milliseconds),
  },
  {
    name: 'rt1',
    title: 'round trips/s of one stream',
    run: (mux, milliseconds) => roundTrips(mux, 1, milliseconds),
  },
  {
    name: 'churn',
    title: 'streams/s: open, send 100 bytes, end, read to the end',
    run: churn,
    without: ['raw'],
  },
  {
    name: 'cold-streams',
    title: 'streams/s, for the first 200 streams of a session',
    run: cold,
    without: ['raw'],
  },
];

export const workNames = works.map(({ name }) => name);

/** The warm-up ends after this many bytes, or after `WARM_UP_MS`, whichever is first. */
const WARM_UP_BYTES = 2048 * MiB;
const WARM_UP_MS = 2000;
/** After the warm-up, the measurement ends after this many bytes, or after another `WARM_UP_MS`. */
const MEASURED_BYTES = 1024 * MiB;
/** The byte that ends a bulk transfer. No other byte of the transfer has this value. */
const LAST = Buffer.from('e');

/**
 * Returns how many MiB a second one stream transfers, in writes of 64 KiB. The measured time begins with the
 * first write after the warm-up, and ends when the reader has counted every byte.
 */
async function bulk(mux) {
  const chunk = Buffer.alloc(64 * 1024, 1);
  const stream = await mux.open();
  let sent = 0;
  let begin;
  let measured = 0;
  await new Promise((resolve, reject) => {
    const limit = setTimeout(reject, 30_000, new Error('bulk took more than half a minute'));
    stream.onData(() => {
      clearTimeout(limit);
      resolve();
    });
    const first = performance.now();
    let isDone = false;
    const pump = () => {
      while (!isDone) {
        if (begin === undefined) {
          if (sent >= WARM_UP_BYTES || performance.now() - first > WARM_UP_MS) begin = performance.now();
        } else if (measured >= MEASURED_BYTES || performance.now() - begin > WARM_UP_MS) {
          isDone = true;
          stream.write(LAST);
          return;
        } else measured += chunk.length;
        sent += chunk.length;
        if (!stream.write(chunk)) return;
      }
    };
    stream.onDrain(pump);
    stream.write(Buffer.from('b'));
    pump();
  });
  return measured / MiB / ((performance.now() - begin) / 1000);
}

async function roundTrips(mux, count, milliseconds) {
  let trips = 0;
  let isOver = false;
  const message = Buffer.alloc(MESSAGE, 1);
  const streams = await mux.openMany(count);
  for (const stream of streams) {
    let bytes = 0;
    stream.onData((chunk) => {
      for (bytes += chunk.length; bytes >= MESSAGE; bytes -= MESSAGE) {
        trips += 1;
        if (!isOver) stream.write(message);
      }
    });
    stream.write(message);
  }
  await pause(200);
  const from = trips;
  const start = performance.now();
  await pause(milliseconds);
  const rate = (trips - from) / ((performance.now() - start) / 1000);
  isOver = true;
  return rate;
}

/**
 * Returns how many streams a second can be used. To use a stream, the parent opens it, sends 100 bytes, ends
 * it, and reads the echo to its end. Eight streams are in use at a time.
 */
function churn(mux, milliseconds) {
  const end = performance.now() + milliseconds;
  return streamsPerSecond(mux, () => performance.now() < end);
}

/**
 * Measures the rate of `churn()` for only the first 200 streams of a session. Neither process has run any of
 * this code before.
 */
function cold(mux) {
  let left = 200;
  return streamsPerSecond(mux, () => left-- > 0);
}

async function streamsPerSecond(mux, isOneMore) {
  const message = Buffer.alloc(MESSAGE, 1);
  let count = 0;
  const lane = async () => {
    while (isOneMore()) {
      await useOnce(await mux.open(), message);
      count += 1;
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: 8 }, lane));
  return count / ((performance.now() - start) / 1000);
}

function useOnce(stream, message) {
  return new Promise((resolve, reject) => {
    let seen = 0;
    const limit = setTimeout(reject, 5_000, new Error('a stream never ended'));
    stream.onData((chunk) => {
      seen += chunk.length;
    });
    stream.onEnd(() => {
      clearTimeout(limit);
      if (seen === message.length) resolve();
      else reject(new Error(`${seen} of ${message.length} bytes came back`));
    });
    stream.write(message);
    stream.end();
  });
}

/**
 * Answers a stream in the child. If the stream begins with the byte 'b', it is a bulk transfer: the child
 * reads all of it, up to its last byte 'e', and then answers with one byte. The child echoes any other
 * stream.
 */
export function serveStream(stream) {
  let mode;
  stream.onData((chunk) => {
    mode ??= chunk[0] === 0x62 ? 'bulk' : 'echo';
    if (mode === 'echo') stream.echo(chunk, MESSAGE);
    else if (chunk.at(-1) === 0x65) stream.write(Buffer.from('!'));
  });
  stream.onEnd(() => stream.end());
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
