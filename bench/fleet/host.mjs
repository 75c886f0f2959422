// The host process that measures one row of one peer in one round. It writes the measured figures into the
// file `out`.
//
//   node host.mjs '{"peer": ..., "row": ..., "steps": n, "quick": bool, "out": file}'
import { writeFileSync } from 'node:fs';
import { ballast } from '../lib/ballast.mjs';
import { within } from '../lib/within.mjs';
import { loadPeer } from './peers/index.mjs';
import { rowByName } from './rows.mjs';

const TIMEOUT = 30_000;
globalThis.ballast = ballast;
const task = JSON.parse(process.argv[2]);
const peer = await loadPeer(task.peer);
const results = {};
const skipped = {};
const failed = {};

const { needs, run } = rowByName.get(task.row);
const reason = peer.missing?.[task.row];
const { steps, quick } = task;
if (reason !== undefined) skipped[task.row] = reason;
else if (peer[needs] !== undefined) {
  try {
    results[task.row] = await within(TIMEOUT, run({ open: peer[needs], steps, quick }));
  } catch (error) {
    failed[task.row] = error.message;
  }
}
writeFileSync(task.out, JSON.stringify({ results, skipped, failed }));
process.exit();
