// The expected outcome of each attempt of fixtures/escapes. Every attempt must be refused, except those that
// are named here. Each exception has a row in SECURITY.md.
import { isolated } from '@pipework/isolate';

/** A policy forbids as much as its tool can enforce. Most versions of Node cannot forbid the network. */
const nodeHoldsNet = holdsNet();

function holdsNet() {
  try {
    isolated({ require: 'runtime', bwrap: false }).describe([process.execPath]);
    return true;
  } catch {
    return false;
  }
}

/** The policies that isolate the plugin. */
export const policies = {
  bubblewrap: {},
  node: { require: 'runtime', bwrap: false, net: !nodeHoldsNet },
  deno: { require: 'runtime', bwrap: false },
};

const network = [
  'connect to a port',
  'connect by fetch',
  'send a datagram',
  'ask a name server',
  'listen on a port',
  'connect to a socket in a readable directory',
  'connect to a socket in a writable directory',
  'connect to a socket in /run',
  'connect to an abstract socket',
];

/** Attempts that no means refuses, because the options grant them. */
const always = {
  'read it by a listed link that another plugin may change': 'A link that another plugin made',
  'connect to an abstract socket, with net: true': 'abstract sockets',
};

/** Attempts that neither permission model checks. */
const ofFiles = {
  'read it by a link in a readable directory': 'links',
  'leave a file that runs with its owner’s rights': 'setuid',
};

/** Attempts that succeed under a kind of isolation, each with words that SECURITY.md must have. */
export const holes = {
  bubblewrap: {
    ...always,
    'leave a link that the host follows': 'follows the links',
    'write to a FIFO in a readable directory': 'A FIFO',
    'lock a file that it may only read': 'locks',
    'lock a file that it may only read, from memory': 'locks',
    'become a program that it makes in memory': 'makes in memory',
    'load native code': 'native code',
    'become another program': 'become another program',
  },
  node: {
    ...always,
    ...ofFiles,
    'stop its process group': 'signal',
    'signal a process of the host': 'signal',
    ...(nodeHoldsNet ? {} : Object.fromEntries(network.map((name) => [name, 'Node 25']))),
  },
  deno: { ...always, ...ofFiles, 'lock a file that it may only read': 'locks' },
};
