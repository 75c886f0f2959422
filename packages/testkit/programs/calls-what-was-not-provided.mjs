// At each call, asks its host for services that no host provides, calls methods that a service does not have,
// and dials ids that no host gave it. Answers with a list of pairs: the name of a method, and the outcome.
import process from 'node:process';
import { startPlugin } from './base.mjs';

const offered = process.argv[2] ?? 'files';
const names = ['constructor', '__proto__', 'toString', '', 'then', '\u0000', 'x'.repeat(100_000)];
const wrongParams = [[], [null], [7], [['files']], [new Map([['name', 'files']])]];
const wrongMethods = ['Host.Secret', 'Dispenser.Dispense', 'Control.Quit', 'Plugin.read', '__proto__', ''];
const questions = [
  ...names.map((name) => ({ method: 'Host.Dispense', params: [name] })),
  ...wrongParams.map((params) => ({ method: 'Host.Dispense', params })),
  ...wrongMethods.map((method) => ({ method, params: ['files'] })),
];
startPlugin({
  anyMethod(peer, _params, answer) {
    const outcomes = [];
    const ask = peer.dial(0, ([, id, error, result]) => {
      if (id < questions.length) {
        outcomes.push([questions[id].method, error === null ? `answered ${result}` : String(error)]);
        return;
      }
      if (error !== null) return answer(null, outcomes);
      const call = peer.dial(result, ([, method, failure]) => {
        outcomes.push([`method ${method}`, failure === null ? 'answered' : String(failure)]);
        if (method === 3) answer(null, outcomes);
      });
      call(
        ...['Plugin.constructor', 'Plugin.__proto__', 'Host.Dispense', 'read'].map((name, n) => [
          0,
          n,
          name,
          [],
        ]),
      );
    });
    for (const id of [77, 0xffff_ffff]) peer.dial(id)([0, 0, 'Plugin.read', ['x']]);
    ask(...questions.map(({ method, params }, id) => [0, id, method, params]));
    ask([0, questions.length, 'Host.Dispense', [offered]]);
  },
});
