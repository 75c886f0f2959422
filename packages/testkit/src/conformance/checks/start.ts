/** Checks of sections 1 to 3 of docs/protocol.md: descriptors, environment, the handshake line. */
import { show, showBytes } from '../../transcript/show.ts';
import { parseLine, type Check, type HandshakeFields } from '../bench.ts';
import { describeExit, type RawPlugin } from '../raw-plugin.ts';
import { demand, demandEqual } from '../verdict.ts';

const section = 'start and handshake';

async function demandRefusal(plugin: RawPlugin): Promise<void> {
  const exit = await plugin.exit(undefined, ' without its cookie');
  await plugin.upstreamEnded;
  demand(exit.code === 1, 'exit status 1', describeExit(exit));
  demand(plugin.raw('stderr').trim() !== '', 'a sentence for a person on stderr', 'nothing');
  demand(plugin.raw('stdout') === '', 'nothing on stdout', show(plugin.raw('stdout')));
  const upstream = plugin.unreadUpstream();
  demand(upstream.length === 0, 'nothing on descriptor 4', showBytes(upstream));
}

const lineOf = async (plugin: RawPlugin): Promise<HandshakeFields> => parseLine(await plugin.line());

export const startChecks: Check[] = [
  {
    section,
    name: 'refuses to run without the magic cookie: a sentence on stderr, status 1, nothing else',
    run: async (bench) => {
      await demandRefusal(bench.start({ cookie: null }));
    },
  },
  {
    section,
    name: 'refuses to run with another cookie',
    run: async (bench) => {
      await demandRefusal(bench.start({ cookie: 'not the cookie' }));
    },
  },
  {
    section,
    name: 'writes one handshake line of printable ASCII, with at least its three required fields',
    run: async (bench) => {
      const line = await bench.start().line();
      demand(/^[\x20-\x7e]*$/.test(line), 'printable ASCII', show(line));
      demand(line.split('|').length >= 3, 'at least three fields', show(line));
      const { apiVersion, network, protocol, version } = parseLine(line);
      demandEqual(apiVersion, '1', 'APIVersion');
      demandEqual(network, 'pipe', 'network');
      demand(protocol === '' || protocol === 'msgpack-rpc', 'the protocol msgpack-rpc', `'${protocol}'`);
      demand(Number.isInteger(version) && version >= 0, 'a decimal protocol version', show(line));
    },
  },
  {
    section,
    name: 'says in its line which descriptors it was given',
    run: async (bench) => {
      demandEqual((await lineOf(bench.start())).address, '3,4', 'address');
    },
  },
  {
    section,
    name: 'serves on the descriptors that PIPEWORK_FDS names',
    run: async (bench) => {
      const running = await bench.ready({ fds: [5, 6] });
      demandEqual(running.line.address, '5,6', 'address');
      await running.control.result('Control.Ping', true);
    },
  },
  {
    section,
    name: 'serves over standard input and output if PIPEWORK_FDS says 0,1, and prints on the synced streams',
    run: async (bench) => {
      const running = await bench.ready({ fds: [0, 1] });
      demandEqual(running.line.address, '0,1', 'address');
      await running.control.result('Control.Ping', true);
      const connection = await bench.dispense(running);
      await bench.call(connection, 'print', { stream: 'stdout', text: 'not protocol\n' });
      demandEqual(running.stdout.text(), 'not protocol\n', 'the synced stdout when the reply came');
      await running.control.result('Control.Quit', true);
      running.plugin.end();
      const exit = await running.plugin.exit(undefined, ' after Quit and the end of descriptor 0');
      demand(exit.code === 0, 'exit status 0', describeExit(exit));
    },
  },
  {
    section,
    name: 'chooses the highest version that both sides offer',
    run: async (bench) => {
      const { versions } = await lineOf(bench.start());
      const ascending = versions.every((version, i) => i === 0 || version > (versions[i - 1] ?? 0));
      demand(ascending, 'its versions in ascending order', versions.join(','));
      for (const version of versions) {
        const offered = [...versions.filter((other) => other <= version), 999_999];
        demandEqual(
          (await lineOf(bench.start({ versions: offered }))).version,
          version,
          `the choice from ${offered.join(',')}`,
        );
      }
    },
  },
  {
    section,
    name: 'announces its own highest version if none is common',
    run: async (bench) => {
      const { versions } = await lineOf(bench.start());
      const { version } = await lineOf(bench.start({ versions: [999_999] }));
      demandEqual(version, versions.at(-1), 'the version announced to a host that offers 999999');
    },
  },
  {
    section,
    name: 'takes no notice of capability words that it does not know',
    run: async (bench) => {
      const running = await bench.ready({ capabilities: ['teleport', 'cancel2'] });
      await running.control.result('Control.Ping', true);
    },
  },
];
