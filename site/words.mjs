// Users' own words for things that have other names on the pages. The search also finds a section by these
// words. Each key below is the page and the anchor of a section.
import { base } from './address.mjs';

const words = {
  '#how-fast': 'performance speed benchmark latency throughput overhead',
  'first-plugin.html#your-first-plugin-in-five-minutes':
    'quick start getting started tutorial hello world install',
  'calls.html#calls': 'rpc api methods',
  'calls.html#what-travels':
    'serialize serialization json msgpack types pass an object arguments class instance',
  'calls.html#by-reference': 'callback callbacks progress function pass an object listener event emitter',
  'calls.html#streams': 'generator iterate observable upload download chunks large files backpressure',
  'calls.html#byte-streams-of-another-protocol': 'stream a file socket http proxy large files',
  'calls.html#cancellation-and-deadlines': 'timeout abort cancel stop a call',
  'calls.html#errors': 'error handling exception throw catch stack trace',
  'calls.html#services-of-the-host': 'call the host from a plugin host functions api for plugins',
  'calls.html#contracts-with-schemas': 'validate validation zod schema untrusted arguments',
  'calls.html#limits': 'rate limit concurrency queue size message size',
  'calls.html#watching-calls': 'middleware interceptor hook metrics',
  'lifecycle.html#the-options': 'configuration config settings startup timeout',
  'lifecycle.html#finding-plugins-and-serving-several': 'plugin folder load plugins directory',
  'lifecycle.html#the-environment': 'environment variables env secrets cwd',
  'lifecycle.html#output': 'console.log print stdout stderr',
  'lifecycle.html#the-log': 'logging logger pino winston',
  'lifecycle.html#the-end': 'kill a plugin stop close terminate shutdown exit cleanup',
  'lifecycle.html#when-the-plugin-dies': 'crash exit code signal segfault',
  'lifecycle.html#when-the-host-goes': 'orphan zombie process ctrl-c ctrl c left behind',
  'lifecycle.html#launchers': 'custom spawn container',
  'fleet.html#plugins-that-stay-alive': 'keep alive supervisor',
  'fleet.html#restart': 'retry restart after a crash respawn backoff',
  'fleet.html#replace': 'upgrade without downtime deploy new version reload',
  'fleet.html#the-dev-loop': 'hot reload watch mode development live reload hmr',
  'fleet.html#pool': 'process pool worker pool load balancing parallel scale concurrency cpu cores',
  'testing-plugins.html#the-first-test': 'unit test in memory without a process vitest',
  'testing-plugins.html#testing-a-host': 'mock stub fake double spy',
  'isolation.html#plugins-that-you-did-not-write':
    'sandbox permissions security untrusted third-party plugins',
  'isolation.html#limits': 'memory limit cpu limit quota',
  'other-languages.html#python': 'python plugin',
  'beyond-one-machine.html#beyond-one-machine': 'remote machine network distributed cluster',
  'debugging.html#attach-a-debugger-to-a-plugin': 'debugger breakpoint inspect vscode',
  'debugging.html#the-host-does-not-end': 'process hangs does not exit keeps running',
  'comparison.html#comparison': 'alternatives worker threads child_process fork piscina mcp',
  'upgrading.html#upgrading': 'migrate migration breaking changes',
};

/** Returns the words of the section with this id in the search, or undefined if the section has no words. */
export const wordsOf = (id) => words[id.slice(base.length)];

/** All sections that have words. A test checks that the built pages have these sections. */
export const sectionsWithWords = Object.keys(words);
