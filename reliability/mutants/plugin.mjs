// plugin.mjs [BREACH]: a plugin that is written from docs/protocol.md alone, without code of the project's
// packages. It keeps every rule that the conformance suite checks, except the one that BREACH names: see
// breaches.mjs.
import { Socket } from 'node:net';
import { Broker } from './broker.mjs';
import { Budget, Conversation } from './conversation.mjs';
import { Mux } from './mux.mjs';
import { serviceOf } from './service.mjs';
import { Float } from './values.mjs';

const breach = process.argv[2];
const breaks = (name) => name === breach;

const cookieKey = 'OTTO_PLUGIN_MAGIC_COOKIE';
const cookieValue = '11aab7ff21cb9ff7b0e9975d53f17a8dab571eac9b5ff0191730046698f07b7f';
const refusal = { message: 'plugin is shutting down', code: 'RPC_SHUTTING_DOWN' };
/**
 * The capabilities that the plugin announces. With the argument `speaks-the-base`, which is not a breach, it
 * announces none.
 */
const words = breaks('speaks-the-base') ? [] : ['cancel', 'errors', 'types', 'refs', 'meta', 'grace'];

const { env } = process;
const isRightCookie =
  env[cookieKey] === cookieValue || (breaks('takes-any-cookie') && env[cookieKey] !== undefined);
if (!isRightCookie && !breaks('runs-without-cookie')) {
  if (breaks('greets-before-it-refuses')) process.stdout.write('hello\n');
  if (!breaks('refuses-in-silence'))
    process.stderr.write('This is a plugin: a program that a host starts.\n');
  process.exit(breaks('refuses-with-status-0') ? 0 : 1);
}
const address = env['PIPEWORK_FDS'] ?? '3,4';
const offered = (env['PIPEWORK_PROTOCOL_VERSIONS'] ?? '1').split(',').map(Number);
const hostWords = new Set((env['PIPEWORK_CAPABILITIES'] ?? '').split(','));
const graceMs = Number(env['PIPEWORK_GRACE_MS'] ?? 2000);
for (const name of Object.keys(env)) {
  if (
    name === cookieKey
      ? !breaks('leaves-the-cookie')
      : name.startsWith('PIPEWORK_') && !breaks('leaves-its-variables')
  )
    delete env[name];
}
if (breaks('refuses-unknown-words') && hostWords.has('teleport')) process.exit(1);
const own = [1, 2];

function chooseVersion() {
  const common = own.filter((version) => offered.includes(version));
  if (breaks('chooses-the-lowest')) return Math.min(...(common.length > 0 ? common : own));
  if (common.length === 0 && breaks('announces-version-0')) return 0;
  return Math.max(...(common.length > 0 ? common : own));
}

const fds = (breaks('takes-3-and-4-for-granted') ? '3,4' : address).split(',').map(Number);
const input = new Socket({ fd: fds[0], readable: true, writable: false });
const output = new Socket({ fd: fds[1], readable: false, writable: true });
if (fds[1] === 1 && breaks('prints-into-the-protocol')) output.write('a banner\n');
output.on('error', () => {});

class Session {
  running = new Set();
  outputs = {};
  fds = fds;
  breaks = breaks;
  budget = new Budget(breaks);
  isBlocked = false;
  #blocked = [];
  #isQuitting = false;
  #answerQuit;
  #isLeaving = false;

  constructor() {
    this.mux = new Mux((bytes) => output.write(bytes), breaks);
    this.broker = new Broker(breaks, (stream, owner) => owner(stream));
    this.mux.onStream = (stream) => this.#onStream(stream);
    this.mux.onOver = () => this.leave(1);
  }

  announces = (word) => words.includes(word);
  hostHas = (word) => hostWords.has(word);
  offer = (owner) => this.broker.offer(owner, false);
  forget = (id) => this.broker.forget(id);

  #onStream(stream) {
    if (stream.id === 1) return this.#control(stream);
    if (stream.id === 3 || stream.id === 5) {
      this.outputs[stream.id === 3 ? 'stdout' : 'stderr'] = stream;
      return undefined;
    }
    return this.broker.take(stream);
  }

  #control(stream) {
    const control = new Conversation(stream, this, (method) => {
      if (Object.hasOwn(methods, method)) return methods[method];
      return { message: breaks('hides-unknown-control-methods') ? 'no' : `can't find method ${method}` };
    });
    const methods = {
      'Control.Ping': (params, answer) => {
        if (breaks('fails-ping-without-params') && params.length === 0) answer({ message: 'no params' });
        else if (breaks('answers-every-second-ping') && ++this.pings % 2 === 0) return;
        else answer(null, true);
      },
      'Control.Quit': (params, answer) => {
        if (breaks('refuses-quit-without-params') && params.length === 0) answer({ message: 'no params' });
        else this.#quit(params, answer);
      },
      'Dispenser.Dispense': ([{ value: name }], answer) => this.#dispense(name, answer),
    };
    control.onEnd = () => {
      if (
        !breaks('outlives-the-control-stream') &&
        !(breaks('outlives-a-reset-control-stream') && stream.isGone)
      )
        this.leave(0);
    };
  }

  pings = 0;

  #dispense(name, answer) {
    if (this.#isQuitting && !breaks('dispenses-behind-quit')) return answer(refusal);
    if (name !== 'conformance')
      return answer({ message: breaks('hides-unknown-names') ? 'no' : `unknown plugin type: ${name}` });
    const service = serviceOf(this);
    const find = (method) => {
      if (this.#isQuitting && !breaks('takes-calls-behind-quit')) return refusal;
      if (method === '$/call')
        return {
          message: 'that reference is gone',
          code: breaks('sends-another-code') ? 'GONE' : 'RPC_REFERENCE_RELEASED',
        };
      const word = method.replace('Plugin.', '');
      if (breaks('offers-what-objects-inherit') ? word in service : Object.hasOwn(service, word)) {
        const handler = service[word];
        return this.isBlocked ? (...args) => this.#blocked.push(() => handler(...args)) : handler;
      }
      const code = breaks('sends-no-code-for-methods') ? 'NO_METHOD' : 'RPC_UNKNOWN_METHOD';
      return { message: `can't find method ${method}`, code };
    };
    const id = this.broker.offer((stream) => new Conversation(stream, this, find).pull(), true);
    return answer(null, breaks('hands-out-floats') ? new Float(id) : id);
  }

  /** True if another stream has an incomplete message. */
  isWaitingFor = (conversation) =>
    [...this.budget.conversations].some((each) => each !== conversation && each.reader.held > 0);

  unblock() {
    this.isBlocked = false;
    for (const call of this.#blocked.splice(0)) call();
  }

  #quit([param], answer) {
    if (breaks('ignores-quit')) return;
    this.#isQuitting = true;
    if (breaks('loses-the-last-output')) this.outputs.stdout.drop();
    const grace =
      breaks('ignores-the-grace-of-quit') || typeof param?.value !== 'number' ? graceMs : param.value;
    const share = breaks('answers-quit-after-its-grace') ? 3 / 2 : 3 / 4;
    const patience = breaks('waits-for-calls-without-end') ? 600_000 : grace * share;
    const timer = setTimeout(() => this.#answerQuit?.(), patience);
    this.#answerQuit = () => {
      clearTimeout(timer);
      this.#answerQuit = undefined;
      answer(null, true);
    };
    if (breaks('quits-before-its-calls')) this.#answerQuit();
    else this.settle();
  }

  /** Answers Quit as soon as no other call runs. */
  settle() {
    if (this.#answerQuit !== undefined && this.running.size <= 1) this.#answerQuit();
  }

  /** Finishes the streams of stdout and stderr, and ends the process when all bytes have been written. */
  leave(status) {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    for (const stream of Object.values(this.outputs))
      if (!breaks('never-finishes-its-output')) stream.finish();
    output.end(() => process.exit(breaks('exits-with-status-3') ? 3 : status));
    setTimeout(() => process.exit(status), 500);
  }
}

const session = new Session();
const line = breaks('writes-two-fields')
  ? '1|pipe'
  : `${breaks('is-of-another-api') ? 2 : 1}|pipe|${fds.join(',')}`;
const version = chooseVersion();
const versions = breaks('lists-versions-unsorted') ? [2, 1] : own;
const shown = breaks('names-wrong-descriptors') ? line.replace(/\d+,\d+$/, '7,8') : line;
const padding = breaks('writes-a-long-line')
  ? `|${'x'.repeat(5_000)}`
  : breaks('writes-beyond-ascii')
    ? '|ü'
    : '';
output.write(`${shown}|msgpack-rpc|${version}|${words.join(',')}|${versions.join(',')}${padding}\n`);

let isEnded = false;
input.on('data', (chunk) => session.mux.feed(chunk));
const onEnd = () => {
  isEnded = true;
  if (breaks('outlives-its-host')) setInterval(() => {}, 60_000);
  else if (!(breaks('outlives-its-host-with-calls') && session.running.size > 0)) session.leave(0);
};
input.on('end', onEnd);
input.on('error', onEnd);

let terms = 0;
if (!breaks('dies-of-sigint')) process.on('SIGINT', () => {});
if (!breaks('dies-of-sighup')) process.on('SIGHUP', () => {});
process.on('SIGTERM', () => {
  terms++;
  if (isEnded || breaks('leaves-at-the-first-sigterm')) return session.leave(0);
  if (terms > 1) return breaks('ignores-the-second-sigterm') ? undefined : session.leave(0);
  if (!breaks('stays-after-sigterm'))
    setTimeout(() => session.leave(0), breaks('leaves-soon-after-sigterm') ? 1_000 : 10_000).unref();
  return undefined;
});
if (breaks('keeps-alive')) {
  setInterval(() => session.mux.send({ type: 2, flags: 1, length: 1 }), 1_000).unref();
  setTimeout(() => session.leave(1), 12_000).unref();
}
