/**
 * Decides which call goes to which process. A job stands for a call, and a seat for a process, because the
 * schedule has no timer, no process and no promise. Its methods add and remove jobs and seats. For each job
 * that a free seat can run, the schedule calls `assign`.
 *
 * Of the calls with one affinity key, only the first is in a queue. The other calls with the key wait for the
 * first one. So the priority of a call cannot change the order within a key, and a busy process delays only
 * the keys that are bound to it.
 */
import { goesFirst, PriorityQueue, type Waiting } from './queue.ts';

/** A process as the schedule sees it. */
export interface Seat {
  readonly number: number;
}

export interface Job extends Waiting {
  readonly affinity: string | undefined;
}

interface Place<J extends Job, S extends Seat> {
  readonly seat: S;
  running: number;
  /**
   * The number of the last job that the seat took, counted over the jobs of all seats. Of two equally busy
   * seats, the seat with the higher number gets the next job, so that the other seat's process becomes idle
   * and can end.
   */
  lastUsed: number;
  isOpen: boolean;
  /** Jobs whose key is bound to this seat. */
  readonly bound: PriorityQueue<J>;
}

interface Key<J extends Job, S extends Seat> {
  place: Place<J, S> | undefined;
  running: number;
  /** The job of this key that is in a queue. */
  first: J | undefined;
  readonly behind: J[];
}

export class Schedule<J extends Job, S extends Seat> {
  readonly #jobsPerSeat: number;
  readonly #assign: (job: J, seat: S) => void;
  readonly #places = new Map<S, Place<J, S>>();
  readonly #shared = new PriorityQueue<J>();
  readonly #keys = new Map<string, Key<J, S>>();
  #waiting = 0;
  #unbound = 0;
  #uses = 0;

  /** `assign` is called synchronously; it must not throw. */
  constructor(jobsPerSeat: number, assign: (job: J, seat: S) => void) {
    this.#jobsPerSeat = jobsPerSeat;
    this.#assign = assign;
  }

  /** How many jobs wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** How many of the queued jobs are not bound to a seat. */
  get unbound(): number {
    return this.#unbound;
  }

  /** How many seats accept jobs. */
  get openSeats(): number {
    let open = 0;
    for (const place of this.#places.values()) if (place.isOpen) open += 1;
    return open;
  }

  /** How many jobs run at the seat. */
  running(seat: S): number {
    return this.#places.get(seat)?.running ?? 0;
  }

  /** Adds a job. The job is assigned immediately if a seat is free for it. */
  add(job: J): void {
    this.#waiting += 1;
    if (job.affinity !== undefined) {
      const key = this.#keyOf(job.affinity);
      if (key.first !== undefined) {
        key.behind.push(job);
        return;
      }
      key.first = job;
    }
    this.#queue(job);
    this.fill();
  }

  /** Removes a waiting job, because its caller has given up. The job's `isWaiting` must already be false. */
  cancel(job: J): void {
    this.#waiting -= 1;
    const key = job.affinity === undefined ? undefined : this.#keys.get(job.affinity);
    if (job.affinity === undefined || key === undefined) {
      this.#unbound -= 1;
    } else if (key.first === job) {
      if (key.place === undefined) this.#unbound -= 1;
      this.#promote(job.affinity, key);
    } else {
      const at = key.behind.indexOf(job);
      if (at !== -1) key.behind.splice(at, 1);
    }
    this.fill();
  }

  open(seat: S): void {
    this.#places.set(seat, {
      seat,
      running: 0,
      lastUsed: 0,
      isOpen: true,
      bound: new PriorityQueue(),
    });
    this.fill();
  }

  /** Assigns no further jobs to the seat. Jobs that run at the seat continue. */
  close(seat: S): void {
    const place = this.#places.get(seat);
    if (place === undefined || !place.isOpen) return;
    place.isOpen = false;
    this.#unbind(place);
    this.fill();
  }

  /**
   * Removes a seat that is gone. Jobs that were bound to the seat may run at any other seat, and keep their
   * place in the order.
   */
  remove(seat: S): void {
    const place = this.#places.get(seat);
    if (place === undefined) return;
    place.isOpen = false;
    this.#places.delete(seat);
    for (const key of this.#keys.values()) {
      if (key.place !== place) continue;
      key.running = 0;
    }
    this.#unbind(place);
    this.fill();
  }

  /** Notes that an assigned job is over. */
  finish(job: J, seat: S): void {
    const place = this.#places.get(seat);
    if (place !== undefined) place.running -= 1;
    if (job.affinity !== undefined) {
      const key = this.#keys.get(job.affinity);
      if (key !== undefined && key.place?.seat === seat) {
        key.running -= 1;
        this.#settleKey(job.affinity, key);
      }
    }
    this.fill();
  }

  /**
   * Takes back an assigned job that did not run. The job waits again at its old place. {@link fill} must be
   * called afterwards.
   */
  giveBack(job: J, seat: S): void {
    const place = this.#places.get(seat);
    if (place !== undefined) place.running -= 1;
    this.#waiting += 1;
    if (job.affinity === undefined) return this.#queue(job);
    const key = this.#keyOf(job.affinity);
    if (key.place?.seat === seat) key.running -= 1;
    if (key.running === 0 && key.place?.isOpen === false) key.place = undefined;
    const { first } = key;
    if (first !== undefined && first.sequence < job.sequence) {
      const at = key.behind.findIndex(({ sequence }) => sequence > job.sequence);
      key.behind.splice(at === -1 ? key.behind.length : at, 0, job);
      return;
    }
    if (first !== undefined) {
      this.#dequeue(first, key);
      key.behind.unshift(first);
    }
    key.first = job;
    this.#queue(job);
  }

  /** Removes and returns every waiting job, in order. */
  clear(): J[] {
    const jobs = [
      ...this.#shared.drain(),
      ...[...this.#places.values()].flatMap((place) => place.bound.drain()),
      ...[...this.#keys.values()].flatMap((key) => key.behind.splice(0)),
    ];
    // A key's first job is in no queue while a job of the key runs at a closed seat.
    for (const { first } of this.#keys.values())
      if (first !== undefined && !jobs.includes(first)) jobs.push(first);
    this.#keys.clear();
    this.#waiting = 0;
    this.#unbound = 0;
    return jobs.sort((a, b) => (goesFirst(a, b) ? -1 : 1));
  }

  #keyOf(name: string): Key<J, S> {
    let key = this.#keys.get(name);
    if (key === undefined) {
      key = { place: undefined, running: 0, first: undefined, behind: [] };
      this.#keys.set(name, key);
    }
    return key;
  }

  /** Puts a job into its queue: the queue of its key's seat, or the queue that all seats share. */
  #queue(job: J): void {
    const key = job.affinity === undefined ? undefined : this.#keys.get(job.affinity);
    const place = key?.place;
    if (place === undefined) {
      this.#unbound += 1;
      this.#shared.push(job);
    } else if (place.isOpen) place.bound.push(job);
    // Otherwise the key's seat is closed, but a job of the key runs there. To keep the order, `finish` queues
    // the new job when the running job is over.
  }

  /** Removes `job`, the first job of `key`, from its queue. Does nothing if the job is in no queue. */
  #dequeue(job: J, key: Key<J, S>): void {
    if (this.#shared.remove(job)) this.#unbound -= 1;
    else key.place?.bound.remove(job);
  }

  /** Queues the next job of a key, because the first one was assigned or cancelled. */
  #promote(name: string, key: Key<J, S>): void {
    key.first = key.behind.shift();
    if (key.first === undefined) this.#settleKey(name, key);
    else this.#queue(key.first);
  }

  /**
   * Forgets the key if none of its jobs waits or runs. If the key's seat is closed, unbinds the key from the
   * seat.
   */
  #settleKey(name: string, key: Key<J, S>): void {
    if (key.running > 0) return;
    if (key.first === undefined) {
      this.#keys.delete(name);
      return;
    }
    if (key.place !== undefined && !key.place.isOpen) {
      key.place = undefined;
      this.#queue(key.first);
    }
  }

  #unbind(place: Place<J, S>): void {
    place.bound.drain();
    for (const [name, key] of this.#keys) {
      if (key.place === place) this.#settleKey(name, key);
    }
  }

  /** Assigns jobs until no job fits a free seat. */
  fill(): void {
    for (;;) {
      const place = this.#bestPlace();
      if (place === undefined) return;
      this.#take(place);
    }
  }

  /**
   * Returns the seat that takes the next job. Of the free seats for which a job waits, this is the least busy
   * one. If several seats are equally busy, the one that was used last takes the job.
   */
  #bestPlace(): Place<J, S> | undefined {
    const isSharedEmpty = this.#shared.peek() === undefined;
    let best: Place<J, S> | undefined;
    for (const place of this.#places.values()) {
      if (!place.isOpen || place.running >= this.#jobsPerSeat) continue;
      if (isSharedEmpty && place.bound.peek() === undefined) continue;
      if (
        best === undefined ||
        place.running < best.running ||
        (place.running === best.running && place.lastUsed > best.lastUsed)
      )
        best = place;
    }
    return best;
  }

  #take(place: Place<J, S>): void {
    const shared = this.#shared.peek();
    const bound = place.bound.peek();
    const isBound = bound !== undefined && (shared === undefined || goesFirst(bound, shared));
    const job = (isBound ? place.bound.shift() : this.#shared.shift())!;
    this.#waiting -= 1;
    if (!isBound) this.#unbound -= 1;
    place.running += 1;
    this.#uses += 1;
    place.lastUsed = this.#uses;
    if (job.affinity !== undefined) {
      const key = this.#keys.get(job.affinity)!;
      key.place = place;
      key.running += 1;
      this.#promote(job.affinity, key);
    }
    this.#assign(job, place.seat);
  }
}
