// The expected outcome of each attempt of fixtures/escapes. Every attempt must be refused, except those that
// are named here. Each exception has a row in SECURITY.md.
import { isolated } from '@pipework/isolate';

/** True if this Node's permission model can forbid the network. Most versions of Node have no such model. */
const nodeHoldsNet = holdsNet();

function holdsNet() {
  try {
    isolated({ require: 'runtime', bwrap: false }).describe([process.execPath]);
    return true;
  } catch {
    return false;
  }
}

/**
 * The policy of each means of isolation. Each policy forbids everything that its tool (bubblewrap, Node or
 * Deno) can forbid.
 */
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

/** The attempts that succeed under every means of isolation, because the policy grants them. */
const always = {
  'read the secret by a listed link that another plugin may change': 'a link that another plugin can make',
  'connect to an abstract socket, with net: true': 'abstract sockets',
};

/** The attempts that succeed under both permission models, because neither checks them. */
const ofFiles = {
  'read the secret by a link in a readable directory': 'links',
  'leave a file that runs with its owner’s rights': 'setuid',
};

/**
 * For each means of isolation, the attempts that may succeed. The text after an attempt's name must occur in
 * SECURITY.md.
 */
export const holes = {
  bubblewrap: {
    ...always,
    'leave a link that the host follows': 'follows these links',
    'write to a FIFO in a readable directory': 'still write to a FIFO',
    'lock a file that the plugin may only read': 'locks',
    'lock a file that the plugin may only read (by a program in memory)': 'locks',
    'become a program that the plugin makes in memory': 'makes in memory',
    'load native code': 'native code',
    'become another program': 'replace itself by another program',
  },
  node: {
    ...always,
    ...ofFiles,
    'stop its process group': 'signal',
    'signal a process of the host': 'signal',
    ...(nodeHoldsNet ? {} : Object.fromEntries(network.map((name) => [name, 'Node 25']))),
  },
  deno: { ...always, ...ofFiles, 'lock a file that the plugin may only read': 'locks' },
};
