// node adapter.mjs PEER: the program of a peer that has no program of its own in this folder. It uses the
// peer's adapter.
import { loadPeer } from '../peers/index.mjs';
import { report } from './report.mjs';

const { open } = await loadPeer(process.argv[2]);
const peer = await open();
report(await peer.add(1, 2));
