import { describe, expect, test } from 'vitest';
import { Schedule, type Job, type Seat } from './schedule.ts';

interface TestJob extends Job {
  isWaiting: boolean;
}

/** Makes a schedule. Logs each assignment as `job@seat`. */
function make(jobsPerSeat = 1) {
  const log: string[] = [];
  let sequence = 0;
  const schedule = new Schedule<TestJob, Seat>(jobsPerSeat, (job, seat) => {
    job.isWaiting = false;
    log.push(`${job.sequence}@${seat.number}`);
  });
  const add = (affinity?: string, priority = 0): TestJob => {
    const job = { affinity, priority, sequence: sequence++, isWaiting: true };
    schedule.add(job);
    return job;
  };
  return { schedule, log, add };
}

const [one, two] = [{ number: 1 }, { number: 2 }];

describe('a schedule', () => {
  test('assigns jobs by priority, and within one priority in the order of arrival', () => {
    const { schedule, log, add } = make(4);
    add();
    add(undefined, 1);
    add(undefined, 1);
    schedule.open(one);
    expect(log).toEqual(['1@1', '2@1', '0@1']);
  });

  test('chooses the least busy seat, and among equally busy seats the one that was used last', () => {
    const { schedule, log, add } = make(2);
    schedule.open(one);
    schedule.open(two);
    const first = add();
    add();
    schedule.finish(first, one);
    add();
    expect(log).toEqual(['0@1', '1@2', '2@1']);
  });

  test('runs the jobs of a key at one seat in order, without delaying other jobs', () => {
    const { schedule, log, add } = make();
    schedule.open(one);
    const first = add('a');
    schedule.open(two);
    add('a', 9);
    add();
    expect(log).toEqual(['0@1', '2@2']);
    schedule.finish(first, one);
    expect(log).toEqual(['0@1', '2@2', '1@1']);
  });

  test('gives the jobs of a key to another seat, in order, after their seat was removed', () => {
    const { schedule, log, add } = make();
    schedule.open(one);
    schedule.open(two);
    const first = add('a');
    const other = add();
    add('a');
    first.isWaiting = true;
    schedule.giveBack(first, one);
    schedule.remove(one);
    schedule.finish(other, two);
    expect(log).toEqual(['0@1', '1@2', '0@2']);
    schedule.finish(first, two);
    expect(log.at(-1)).toBe('2@2');
  });

  test('puts a job that was given back before jobs that were added later', () => {
    const { schedule, log, add } = make();
    schedule.open(one);
    const first = add();
    add();
    first.isWaiting = true;
    schedule.giveBack(first, one);
    schedule.fill();
    expect(log).toEqual(['0@1', '0@1']);
    expect(schedule.waiting).toBe(1);
  });

  test('skips cancelled jobs, and no longer counts them', () => {
    const { schedule, log, add } = make();
    const first = add();
    const second = add('a');
    add('a');
    for (const job of [first, second]) {
      job.isWaiting = false;
      schedule.cancel(job);
    }
    expect(schedule.waiting).toBe(1);
    schedule.open(one);
    expect(log).toEqual(['2@1']);
    expect([schedule.waiting, schedule.unbound]).toEqual([0, 0]);
  });

  test('assigns no job to a closed seat, and clear() returns all waiting jobs in order', () => {
    const { schedule, log, add } = make();
    schedule.open(one);
    add('a');
    add('a');
    add(undefined, 1);
    schedule.close(one);
    expect(schedule.openSeats).toBe(0);
    expect(schedule.clear().map((job) => job.sequence)).toEqual([2, 1]);
    expect(log).toEqual(['0@1']);
  });
});
