// A real Client and a peer in one process. The launcher makes no process, only four pipes in memory. The
// caller decides what runs at the plugin's end (the real serve(), or something hostile), and what happens to
// the bytes on the way.
import { PassThrough } from 'node:stream';
import { Client } from '@pipework/core';
import { serve } from '@pipework/core/plugin';

/**
 * @param {{
 *   plugin: (end: { readable, writable, env, exit }) => void,
 *   down?: () => import('node:stream').Transform, up?: () => import('node:stream').Transform,
 *   config?: object,
 * }} options `down` and `up` make what the bytes of one direction go through.
 */
export function clientInMemory({ plugin, down, up, config = {} }) {
  const launcher = (command) => {
    const [downstream, upstream] = [new PassThrough(), new PassThrough()];
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const pluginReads = down ? through(downstream, down()) : downstream;
    const hostReads = up ? through(upstream, up()) : upstream;
    let exit;
    const exited = new Promise((resolve) => {
      exit = (how) => {
        resolve(how);
        // A process that is gone has closed its ends, whether they were read or not.
        for (const end of [stdout, stderr, upstream]) end.end();
        for (const end of [downstream, pluginReads]) end.destroy();
      };
    });
    for (const end of [downstream, upstream, pluginReads, hostReads]) end.on('error', () => {}); // A cut pipe is expected here.
    plugin({ readable: pluginReads, writable: upstream, env: command.env, exit, stderr });
    const kill = (signal) => {
      exit({ code: null, signal });
      return true;
    };
    return { pid: undefined, readable: hostReads, writable: downstream, stdout, stderr, kill, exited };
  };
  return new Client({ cmd: ['in-memory'], launcher, gracePeriod: 50, startTimeout: 2_000, ...config });
}

/** Returns a `plugin` that is the real serve() with these plugins. */
export function served(plugins, options = {}) {
  return ({ readable, writable, env, exit }) => {
    serve({ plugins, gracePeriod: 50, ...options, transport: { readable, writable, env } }).then(
      () => exit({ code: 0, signal: null }),
      (error) => exit({ code: 1, signal: null, error }),
    );
  };
}

function through(from, transform) {
  from.pipe(transform);
  from.on('close', () => transform.end());
  return transform;
}
