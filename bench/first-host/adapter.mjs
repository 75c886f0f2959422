// node adapter.mjs PEER: starts the peer's child, gets one answer, and prints it. The workload `first-host`
// runs this program for the peers that have no program of their own in this folder.
import { loadPeer } from '../peers/index.mjs';
import { report } from './report.mjs';

const { open } = await loadPeer(process.argv[2]);
const peer = await open();
report(await peer.add(1, 2));
