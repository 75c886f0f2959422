// A real Client and a peer in one process. The testkit's launcher makes no process, only pipes in memory. The
// caller chooses the peer (the real serve(), or a hostile program), and may change the bytes on the way.
import { Client } from '@pipework/core';
import { serve } from '@pipework/core/plugin';
import { memoryLauncher } from '@pipework/testkit';

/**
 * @param {{
 *   plugin: import('@pipework/testkit').MemoryProgram,
 *   down?: () => import('node:stream').Transform, up?: () => import('node:stream').Transform,
 *   config?: object,
 * }} options `down` makes a transform for the bytes to the plugin, and `up` one for the bytes to the host.
 */
export function clientInMemory({ plugin, down, up, config = {} }) {
  const launch = memoryLauncher(plugin);
  const launcher = (command) => {
    const launched = launch(command);
    const readable = up ? through(launched.readable, up()) : launched.readable;
    const writable = down ? before(launched.writable, down()) : launched.writable;
    return { ...launched, readable, writable };
  };
  return new Client({ cmd: ['in-memory'], launcher, gracePeriod: 50, startTimeout: 2_000, ...config });
}

/**
 * Returns a value for the option `plugin` of {@link clientInMemory}: a program that runs the real serve()
 * with `plugins`.
 */
export function served(plugins, options = {}) {
  return ({ exit, env, ...pipes }) => {
    serve({ plugins, gracePeriod: 50, ...options, transport: { ...pipes, env: { ...env } } }).then(
      () => exit({ code: 0 }),
      (error) => exit({ code: 1, error }),
    );
  };
}

function through(from, transform) {
  from.pipe(transform);
  from.on('close', () => transform.end());
  return transform;
}

/**
 * Pipes the transform into `to`, and returns the transform. When `to` closes, destroys the transform, because
 * a pipe must fail for its writer when its reader is gone.
 */
function before(to, transform) {
  transform.pipe(to);
  to.on('close', () => transform.destroy());
  // Some tests cut the pipe on purpose.
  transform.on('error', () => {});
  return transform;
}
