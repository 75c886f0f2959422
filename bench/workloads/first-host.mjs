// Measures the time from the start of a host process to its exit. The host starts one plugin and gets one
// answer, as a command-line tool with one plugin would.
import { measureFirstHost } from '../lib/first-host.mjs';

export const firstHost = {
  name: 'first-host',
  title: 'a fresh host, from its start to its exit',
  group: 'first-host',
  cores: 'free',
  needs: 'add',
  opens: true,
  peers: ['floor', 'pipework', 'fork-json', 'execa-ipc', 'vscode-jsonrpc', 'capnweb-pipe', 'mcp-stdio'],
  metrics: [
    { key: 'ms', title: 'process', unit: 'ms', better: 'low' },
    { key: 'own', title: 'without Node itself', unit: 'ms', better: 'low' },
    { key: 'cpu', title: "the host's CPU", unit: 'ms', better: 'low' },
  ],
  run: async ({ name, quick }) => measureFirstHost(name, quick ? 3 : 7),
};

/**
 * Measures a process that only imports `@pipework/core/plugin`. As the floor, it measures a process that
 * imports a module of a few lines.
 */
export const importPlugin = {
  name: 'import-plugin',
  title: "a process that imports the plugin's side",
  group: 'first-host',
  cores: 'free',
  needs: 'add',
  opens: true,
  peers: ['floor', 'pipework'],
  metrics: [
    { key: 'cpu', title: 'CPU', unit: 'ms', better: 'low' },
    { key: 'ms', title: 'process', unit: 'ms', better: 'low' },
  ],
  async run({ name, quick }) {
    const { cpu, ms } = measureFirstHost(name === 'floor' ? 'node' : 'import-plugin', quick ? 3 : 11);
    return { cpu, ms };
  },
};
