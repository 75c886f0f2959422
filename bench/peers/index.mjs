// The peers that are measured. Each peer is a folder with host.mjs (the adapter) and child.mjs (the other
// end).

export const peers = {
  floor: 'two processes echoing length-prefixed bytes over descriptors 3 and 4; no codec, no library',
  pipework: '@pipework/core',
  'fork-json': 'child_process.fork, its default serialization; calls matched by hand',
  'fork-advanced': 'child_process.fork, serialization: advanced; calls matched by hand',
  'execa-ipc': 'execaNode with sendMessage and getEachMessage; calls matched by hand',
  'birpc-fork': 'birpc over child_process.fork (json)',
  'birpc-pipe': 'birpc with msgpackr over length-prefixed frames on descriptors 3 and 4',
  'vscode-jsonrpc': 'vscode-jsonrpc over stdin and stdout',
  'capnweb-pipe': 'capnweb, one JSON text a frame on descriptors 3 and 4',
  kkrpc: 'kkrpc over stdin and stdout',
  'mcp-stdio': "the MCP SDK's client and server over stdin and stdout",
  'grpc-uds': 'grpc-js over a unix socket',
  'worker-port': 'worker_threads MessagePort; calls matched by hand (no process of its own)',
  comlink: 'comlink over worker_threads (no process of its own)',
  piscina: 'piscina with one thread (no process of its own)',
};

export const peerNames = Object.keys(peers);

/** The peers for which a quick run has time: the best of each kind. */
export const quickPeers = [
  'floor',
  'pipework',
  'fork-json',
  'fork-advanced',
  'birpc-pipe',
  'capnweb-pipe',
  'worker-port',
];

/** Peers whose other end is a thread. Threads isolate nothing, and share the host's memory. */
export const threadPeers = new Set(['worker-port', 'comlink', 'piscina']);

export function loadPeer(name) {
  return import(`./${name}/host.mjs`);
}
