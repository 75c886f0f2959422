// The short forms of `node reliability/run.mjs fuzz`, `fuzz-mux`, `fuzz-output` and `exact`. To replay a run,
// pass the seed in the test's name by --seed.
import { describe, expect, test } from 'vitest';
import { run as exact } from '../programs/exact.mjs';
import { run as fuzz } from '../programs/fuzz.mjs';
import { run as fuzzMux } from '../programs/fuzz-mux.mjs';
import { run as fuzzOutput } from '../programs/fuzz-output.mjs';

const seed = 1 + Math.trunc(Math.random() * 2 ** 30);
const clean = ({ findings }) => expect(findings).toEqual([]);

describe(`with random input (seed ${seed})`, () => {
  test('corrupted bytes never crash either side, block it or fill its memory', async () =>
    clean(await fuzz({ cases: 16, seed, about: 'calls' })));
  test('invalid messages about services and descriptions never crash either side, block it or fill its memory', async () =>
    clean(await fuzz({ cases: 10, seed, about: 'services' })));
  test('corrupted frames never crash a bare session, block it or fill its memory', async () =>
    clean(await fuzzMux({ cases: 120, seed })));
  test('output that is made to be slow to read never blocks the host', async () =>
    clean(await fuzzOutput({ cases: 8, seed })));
  test('streams, values and errors arrive exactly as they were sent', async () =>
    clean(await exact({ runs: 3, seed })));
});

test('the fuzzer finds no fault with seeds that once showed a fault', async () => {
  for (const one of [1955, 957_331_624]) clean(await fuzz({ only: one, victim: 'plugin', about: 'calls' }));
});
