/**
 * `pipework describe` prints a plugin's name, version, names and methods, as a table, as JSON, or as
 * TypeScript.
 */
import { isPipeworkError, PipeworkError, printable, type Description } from '@pipework/core';
import type { Command, CommandLine } from '../command.ts';
import { declarationsOf, oneLine, signatureOf, tellsNothing } from '../dts.ts';
import { CallFailed, statusOf, UsageError } from '../exit-status.ts';
import { styler, widthOf, type Io } from '../io.ts';
import { print } from '../output.ts';
import { wholeNumber } from '../parse.ts';
import { interruptHelp, pluginOptions, watchEnd, withPlugin } from '../session.ts';
import { warningLine } from '../report.ts';
import { columns } from '../usage.ts';
import { jsonText } from '../values.ts';

/** How long each answer of the plugin may take by default, in milliseconds. */
const answerMs = 10_000;

export const describeCommand: Command = {
  name: 'describe',
  operands: '',
  operandCount: [0, 0],
  takesPlugin: true,
  summary: 'Shows the names and methods of a plugin, and its version.',
  details: [
    'Each name is dispensed, which runs its factory, to learn its methods. If a method has a contract with schemas (defineContract), the types of its arguments and its result are shown. Of other methods, the plugin knows only the names. If a factory fails, its error is shown, and the status is 0.',
    'If a factory fails because it needs a service of its host, a warning names the service. The plugin is then started again, with a service of that name that has no methods.',
    `A name whose factory or description takes longer than --timeout is shown without its methods, and the status is 8. ${interruptHelp}`,
  ],
  options: {
    json: { type: 'boolean', help: 'print the whole answer of the plugin as JSON' },
    dts: { type: 'boolean', help: 'print TypeScript interfaces, to be used in place of the contract' },
    timeout: { type: 'string', value: 'MS', help: `how long any one answer may take (${answerMs})` },
    ...pluginOptions,
  },
  examples: ['pipework describe -- node plugin.js', 'pipework describe --dts -- ./plugin > contract.d.ts'],
  run,
};

async function run(line: CommandLine, io: Io): Promise<number> {
  if (line.values.json === true && line.values.dts === true)
    throw new UsageError('--json and --dts exclude each other');
  const timeoutMs = wholeNumber(line, 'timeout') ?? answerMs;
  const answer = await ask(line, io, timeoutMs, []);
  const description = inOrder(answer.description);
  if (line.values.json === true) await print(io, `${jsonText(description)}\n`);
  else if (line.values.dts === true) await print(io, declarationsOf(description));
  else await print(io, tableOf(description, io));
  const warn = (message: string): void =>
    void io.stderr.write(warningLine(message, io, line.values.json === true));
  if (isSilent(description))
    warn(
      'the plugin cannot be asked what it offers (it is of version 0.1, or does not announce "describe"). pipework call NAME.METHOD works if you know the names',
    );
  if (answer.services.length > 0)
    warn(
      `the plugin needs services of its host: ${answer.services.map((name) => JSON.stringify(name)).join(', ')}. describe provides them without methods, and call does not provide them`,
    );
  const late = lateParts(description, timeoutMs);
  if (late.length > 0) throw tookLonger(late.join(', '), timeoutMs);
  return statusOf('answered');
}

/** Returns the parts of the description that came too late, such as `the factory of greeter`. */
function lateParts({ plugins }: Description, timeoutMs: number): string[] {
  return Object.entries(plugins).flatMap(([name, { error }]) =>
    [`the factory of ${name}`, `the description of ${name}`].filter(
      (what) => error === `${what} took longer than ${timeoutMs} ms`,
    ),
  );
}

const tookLonger = (what: string, timeoutMs: number): CallFailed =>
  new CallFailed(
    'deadline',
    new PipeworkError('RPC_DEADLINE', `${what} took longer than ${timeoutMs} ms. --timeout MS allows more`),
  );

/**
 * Sorts the methods by name. Users keep the output in files, so its order must not change, but a plugin in Go
 * sends methods in random order.
 */
function inOrder(description: Description): Description {
  const plugins = Object.entries(description.plugins).map(([name, plugin]) => {
    const { methods } = plugin;
    if (methods === undefined) return [name, plugin] as const;
    const sorted = Object.entries(methods).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return [name, { ...plugin, methods: Object.fromEntries(sorted) }] as const;
  });
  return { ...description, plugins: Object.fromEntries(plugins) };
}

/**
 * Returns the error for a plugin that ended while it was described. The first name with an error is the one
 * whose factory ended the process. Later names failed because the process was gone.
 */
function endedMeanwhile({ plugins }: Description): PipeworkError {
  const [name, { error = '' } = {}] = Object.entries(plugins).find(
    ([, plugin]) => plugin.error !== undefined,
  ) ?? [''];
  return new PipeworkError(
    'RPC_CLOSED',
    `the plugin ended while ${name} was dispensed to describe it: ${error}`,
  );
}

/**
 * True if the plugin could not be asked for a description. A plugin that can be asked names at least its
 * runtime.
 */
const isSilent = ({ runtime, plugins }: Description): boolean =>
  runtime === 'unknown' && Object.keys(plugins).length === 0;

/**
 * The maximum number of services that are provided to a plugin. If the plugin needs more, the description
 * shows the errors of its factories.
 */
const maxServices = 32;

/** A description, and the names of the services that had to be provided for it. */
interface Answer {
  readonly description: Description;
  readonly services: readonly string[];
}

/**
 * Asks the plugin for its description. If a factory fails because a service of the host is missing, asks
 * again in a new process, with a service of that name. The service has no methods, because a plugin's
 * description rarely depends on its host's services.
 */
async function ask(
  line: CommandLine,
  io: Io,
  timeoutMs: number,
  services: readonly string[],
): Promise<Answer> {
  const description = await withPlugin(
    line,
    io,
    async (rpc, signal) => {
      const hasEnded = watchEnd(rpc);
      const said = await rpc.describe({ timeoutMs, signal }).catch((error: unknown) => {
        if (!isPipeworkError(error) || error.code !== 'RPC_DEADLINE') throw error;
        throw tookLonger('the answer of the plugin with its names', timeoutMs);
      });
      if (await hasEnded()) throw endedMeanwhile(said);
      return said;
    },
    services,
  );
  const missing = Object.values(description.plugins).flatMap(({ error = '' }) => missingService(error) ?? []);
  const further = [...new Set([...services, ...missing])];
  if (further.length === services.length || further.length > maxServices) return { description, services };
  return await ask(line, io, timeoutMs, further);
}

/**
 * Returns the name of the service that a factory did not find. In the host's error, a list of the offered
 * services follows the name. A plugin may have changed this text. Without the list, the name ends at white
 * space, a colon, a comma or a semicolon.
 */
function missingService(error: string): string | undefined {
  const [, whole, word] = /unknown service: (?:(.+?): this host offers |([^\s:,;]+))/s.exec(error) ?? [];
  return whole ?? word;
}

function tableOf(description: Description, io: Io): string {
  const style = styler(io, 'stdout');
  const { name, version, runtime, protocolVersions, plugins } = description;
  const title = [name ?? 'a plugin without a name', version].filter((part) => part !== undefined).join(' ');
  const head = `${title} (${runtime}; protocol ${protocolVersions.join(', ')})`;
  const sections = Object.entries(plugins).map(([plugin, { methods = {}, error }]) => {
    const label = style('bold', oneLine(plugin));
    if (error !== undefined) return `${label}\n  cannot be described: ${oneLine(error)}`;
    const rows = Object.entries(methods).map(([method, said]): [string, string] => [
      signatureOf(method, said),
      printable(firstLine(said.doc)),
    ]);
    return `${label}\n${rows.length === 0 ? '  no methods' : methodTable(rows, io)}`;
  });
  const isVague = Object.values(plugins).some(({ methods = {} }) =>
    Object.values(methods).some(tellsNothing),
  );
  const foot = isVague ? ['(...) stands for arguments and a result that the plugin does not describe'] : [];
  return `${[oneLine(head), ...sections, ...foot].join('\n\n')}\n`;
}

/**
 * Returns a row for each method, with its signature and the first line of its documentation. If the signature
 * is too long, the documentation is on the next line. In a pipe, the documentation is not broken into lines.
 */
function methodTable(rows: readonly (readonly [string, string])[], io: Io): string {
  const width = io.stdout.isTTY === true ? widthOf(io) : Infinity;
  const most = Math.min(Math.floor(width / 2), widestSignature);
  const leftWidth = Math.max(0, ...rows.map(([left]) => left.length).filter((length) => length <= most));
  return rows
    .map(([left, right]): string => {
      if (left.length <= leftWidth) return columns([[left.padEnd(leftWidth), right]], width);
      return right === '' ? `  ${left}` : `  ${left}\n${columns([['', right]], width)}`;
    })
    .join('\n');
}

/** The maximum width of a signature whose documentation is on the same line, in columns. */
const widestSignature = 60;

const firstLine = (doc = ''): string => doc.trim().split('\n')[0] ?? '';
