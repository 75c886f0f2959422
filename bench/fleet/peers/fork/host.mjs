// A pool that a user would write over fork: a queue, and workers that run one task at a time.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { pathOf } from '../../../peers/support/processes.mjs';
import { answeredByAll } from '../../rows.mjs';

class ForkPool {
  #queue = [];
  #next = 0;
  #idle = [];
  #all = new Set();
  #recycleAfter;
  #isClosing = false;

  constructor(workers, recycleAfter = Infinity) {
    this.#recycleAfter = recycleAfter;
    for (let n = 0; n < workers; n += 1) this.#start();
  }

  run = (task) =>
    new Promise((resolve, reject) => {
      this.#queue.push({ task, resolve, reject });
      this.#fill();
    });

  async close() {
    this.#isClosing = true;
    await Promise.all(
      [...this.#all].map(({ child }) => {
        const exited = once(child, 'exit');
        child.disconnect();
        return exited;
      }),
    );
  }

  #start() {
    const child = fork(pathOf('./child.mjs', import.meta.url));
    const worker = { child, job: undefined, done: 0 };
    this.#all.add(worker);
    child.on('message', (answer) => {
      const { job } = worker;
      worker.job = undefined;
      worker.done += 1;
      job.resolve(answer);
      if (worker.done < this.#recycleAfter) this.#free(worker);
      else child.disconnect();
    });
    child.on('error', () => {}); // the process has just died, and its exit follows
    child.on('exit', () => {
      this.#all.delete(worker);
      this.#idle = this.#idle.filter((other) => other !== worker);
      worker.job?.reject(new Error('the process of the task has ended'));
      if (!this.#isClosing) this.#start();
    });
    this.#free(worker);
  }

  #free(worker) {
    this.#idle.push(worker);
    this.#fill();
  }

  #fill() {
    while (this.#idle.length > 0 && this.#next < this.#queue.length) {
      const worker = this.#idle.pop();
      worker.job = this.#queue[this.#next];
      this.#next += 1;
      worker.child.send(worker.job.task);
    }
    if (this.#next < this.#queue.length) return;
    this.#queue = [];
    this.#next = 0;
  }
}

export async function openPool({ workers, recycleAfter }) {
  return new ForkPool(workers, recycleAfter);
}

export async function openService({ spare }) {
  const pool = new ForkPool(spare ? 2 : 1);
  return {
    run: pool.run,
    ready: () => answeredByAll(pool.run, spare ? 2 : 1),
    close: () => pool.close(),
  };
}
