// node adapter.mjs PEER: the program of `first-host` for each peer that has no file in this folder. It uses
// the peer's adapter.
import { loadPeer } from '../peers/index.mjs';
import { report } from './report.mjs';

const { open } = await loadPeer(process.argv[2]);
const peer = await open();
report(await peer.add(1, 2));
