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

/** Attempts that neither permission model checks. */
const ofFiles = {
  'read it by a link in a readable directory': 'links',
  'leave a file that runs with its owner’s rights': 'setuid',
};

/** Attempts that succeed under a kind of isolation, each with words that SECURITY.md must have. */
export const holes = {
  bubblewrap: {
    'load native code': 'native code',
    'become another program': 'become another program',
  },
  node: {
    ...ofFiles,
    'signal a process of the host': 'signal',
    ...(nodeHoldsNet ? {} : Object.fromEntries(network.map((name) => [name, 'Node 25']))),
  },
  deno: ofFiles,
};
