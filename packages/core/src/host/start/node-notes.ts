/**
 * Knows common causes for the failed start of a Node program: inherited options, the permission model,
 * TypeScript.
 */

import { basename, extname } from 'node:path';
import { printable } from '../../base/printable.ts';
import type { FailedCommand } from './failed-command.ts';
import { isPackagedApp, selfStartAdvice } from './self-start.ts';

/**
 * Returns sentences about a program that Node should run. Empty if the command does not run Node, or if no
 * known cause applies.
 */
export function nodeNotes(command: FailedCommand): string[] {
  if (!command.code.startsWith('HANDSHAKE_')) return [];
  if (command.file === process.execPath && isPackagedApp()) {
    return [
      `the command runs ${process.execPath}, which is this application, and not a Node that runs scripts. In ${selfStartAdvice}`,
    ];
  }
  if (!runsNode(command)) return [];
  return [
    ...permissionNotes(deniedIn(command.stderr), 'the plugin'),
    ...typeScriptNotes(command),
    ...optionNotes(command),
  ];
}

/**
 * Returns the sentence for a host that Node's permission model forbids to start processes. Empty if `cause`
 * is another error.
 */
export function hostPermissionNotes(cause: unknown): string[] {
  const { code, permission, resource } = (cause ?? {}) as { [key: string]: unknown };
  if (code !== 'ERR_ACCESS_DENIED' || typeof permission !== 'string') return [];
  return permissionNotes({ permission, resource: typeof resource === 'string' ? resource : '' }, 'this host');
}

function runsNode({ file, args, stderr }: FailedCommand): boolean {
  // If the program is a script with a #! line, only its output shows that Node runs it.
  return (
    file === process.execPath ||
    /^node(js)?(\.exe)?$/i.test(basename(file)) ||
    args.some((arg) => /[\\/]node(\.exe)?$/.test(arg)) ||
    /^Node\.js v\d+\./m.test(stderr)
  );
}

interface Denied {
  readonly permission: string;
  readonly resource: string;
}

function deniedIn(stderr: string): Denied | undefined {
  if (!stderr.includes('ERR_ACCESS_DENIED')) return undefined;
  const permission = /^\s*permission: '(\w+)'/m.exec(stderr)?.[1];
  return permission === undefined
    ? undefined
    : { permission, resource: unescaped(/^\s*resource: '([^'\n]*)'/m.exec(stderr)?.[1] ?? '') };
}

/** Undoes Node's quoting of a text, which doubles each backslash, as in a path of Windows. */
function unescaped(text: string): string {
  return text.replace(/\\\\/g, '\\');
}

/** The name of a permission in Node's errors, and the option that grants it. */
const flags: Readonly<Record<string, string>> = {
  FileSystemRead: '--allow-fs-read',
  FileSystemWrite: '--allow-fs-write',
  ChildProcess: '--allow-child-process',
  WorkerThreads: '--allow-worker',
  WASI: '--allow-wasi',
  Addon: '--allow-addons',
  Inspector: '--allow-inspector',
  Net: '--allow-net',
};

function permissionNotes(denied: Denied | undefined, party: string): string[] {
  if (denied === undefined) return [];
  const model = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';
  const flag = flags[denied.permission];
  // On Windows, Node shows a path with the prefix \\?\, which users do not write.
  const resource = denied.resource.replace(/^\\\\\?\\/, '');
  const value = denied.permission.startsWith('FileSystem') && resource !== '' ? `=${resource}` : '';
  return [
    flag === undefined
      ? `Node's permission model (${model}) denies ${party} ${printable(denied.permission)}`
      : `${party} runs under Node's permission model (${model}) without ${flag}${printable(value)}`,
  ];
}

const typeScriptFaults: readonly (readonly [RegExp, string])[] = [
  [
    /ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING/,
    'Node strips no types from files below node_modules: publish the plugin as JavaScript',
  ],
  [
    /ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX/,
    'Node strips types and compiles nothing: enums, namespaces and parameter properties need a build, or `node --import tsx`',
  ],
  [
    /ERR_UNKNOWN_FILE_EXTENSION|SyntaxError/,
    'this Node runs no TypeScript (Node does so from 22.18 on): build the plugin to JavaScript, or start it by `node --import tsx`',
  ],
];

/** Faults of files that no version of Node runs, not even one that strips types. */
const jsxFaults: typeof typeScriptFaults = [
  [
    /ERR_UNKNOWN_FILE_EXTENSION|SyntaxError/,
    'Node runs neither .tsx nor .jsx files: build the plugin to JavaScript, or start it by `node --import tsx`',
  ],
];

function typeScriptNotes({ file, args, stderr }: FailedCommand): string[] {
  // The program itself is the script if the host starts it directly, by its #! line.
  const script = [file, ...args].find((word) => /^\.([cm]?ts|[jt]sx)$/.test(extname(word)));
  if (script === undefined) return [];
  const faults = script.endsWith('x') ? jsxFaults : typeScriptFaults;
  const fault = faults.find(([pattern]) => pattern.test(stderr));
  return fault === undefined ? [] : [`${script}: ${fault[1]}`];
}

function optionNotes({ env, stderr }: FailedCommand): string[] {
  const options = env['NODE_OPTIONS']?.trim() ?? '';
  if ('pnp' in process.versions && !options.includes('.pnp.') && stderr.includes('MODULE_NOT_FOUND')) {
    return [
      "this host runs under Yarn's Plug'n'Play, which needs the variable NODE_OPTIONS, and the plugin did not get that variable: name NODE_OPTIONS in env.inherit",
    ];
  }
  if (options === '') return [];
  return [
    `the plugin's Node has NODE_OPTIONS=${JSON.stringify(options)} in its environment. If it is the host's and not meant for the plugin, leave it out by env: { set: { NODE_OPTIONS: undefined } }`,
  ];
}
