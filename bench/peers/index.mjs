// The peers that are measured. Each peer is a folder with host.mjs (the adapter) and child.mjs (the other
// end).

export const peers = {
  floor: 'two processes that exchange length-prefixed bytes over descriptors 3 and 4; no codec, no library',
  pipework: '@pipework/core',
  'fork-json':
    "child_process.fork, its default serialization; the benchmark's code matches answers with calls",
  'fork-advanced':
    "child_process.fork, serialization: advanced; the benchmark's code matches answers with calls",
  'execa-ipc':
    "execaNode with sendMessage and getEachMessage; the benchmark's code matches answers with calls",
  'birpc-fork': 'birpc over child_process.fork (json)',
  'birpc-pipe': 'birpc with msgpackr over length-prefixed frames on descriptors 3 and 4',
  'vscode-jsonrpc': 'vscode-jsonrpc over stdin and stdout',
  'capnweb-pipe': 'capnweb, with one JSON text in each frame on descriptors 3 and 4',
  kkrpc: 'kkrpc over stdin and stdout',
  'mcp-stdio': "the MCP SDK's client and server over stdin and stdout",
  'grpc-uds': 'grpc-js over a unix socket',
  'worker-port':
    "worker_threads MessagePort (no process of its own); the benchmark's code matches answers with calls",
  comlink: 'comlink over worker_threads (no process of its own)',
  piscina: 'piscina with one thread (no process of its own)',
};

export const peerNames = Object.keys(peers);

/** A quick run has time only for these peers, the fastest of each kind. */
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
