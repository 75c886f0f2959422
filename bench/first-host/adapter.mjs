// node adapter.mjs PEER: the same for a peer that has no program of its own here.
import { loadPeer } from '../peers/index.mjs';
import { report } from './report.mjs';

const { open } = await loadPeer(process.argv[2]);
const peer = await open();
report(await peer.add(1, 2));
