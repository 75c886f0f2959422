/** Checks whether this process is process 1, like the main program of a container. */
import { limited, ok, type Check } from '../finding.ts';

export const initCheck: Check = {
  name: 'init',
  run: ({ pid }) =>
    pid === 1
      ? limited(
          'this process is process 1, like the main program of a container',
          'plugins run and end with it, but processes that they leave are never reaped, and fill the process table',
          "start the container with its engine's --init, or put tini in front",
        )
      : ok(`this is process ${pid}, not process 1`, 'another process reaps the processes that plugins leave'),
};
