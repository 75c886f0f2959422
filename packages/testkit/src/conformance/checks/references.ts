/**
 * Checks of sections 9 to 11 of docs/protocol.md: which calls with references a plugin makes, which calls it
 * accepts, and which calls it refuses.
 */
import { show } from '../../transcript/show.ts';
import { Extension } from '../../wire/decode.ts';
import { codeOf, describeError, textOf, withCapability, type Check } from '../bench.ts';
import { demand, demandEqual } from '../verdict.ts';
import { reference } from './capabilities.ts';

const section = 'capabilities';

export const referenceChecks: Check[] = [
  {
    section,
    name: 'gives back the same function that it was given',
    run: async (bench) => {
      const connection = await bench.dispense(await withCapability(bench, 'refs'));
      connection.onRequest = () => null;
      const result = await bench.call(connection, 'echo', reference('f', 1));
      demandEqual(result, reference('y', 1), 'the result of echo with function 1');
    },
  },
  {
    section,
    name: 'fails a call of a reference that it never gave out, with code RPC_REFERENCE_RELEASED',
    run: async (bench) => {
      const running = await withCapability(bench, 'refs', 'errors');
      const connection = await bench.dispense(running);
      const { error } = await connection.call('$/call', 99, []);
      demand(error !== null, 'a call of reference 99 to fail', 'a result');
      if (running.line.capabilities.has('errors'))
        demandEqual(codeOf(error), 'RPC_REFERENCE_RELEASED', 'the code of the error');
      demandEqual(await bench.call(connection, 'echo', 1), 1, 'the result of echo');
    },
  },
  {
    section,
    name: 'fails a call with a function under a name that languages call automatically',
    run: async (bench) => {
      const connection = await bench.dispense(await withCapability(bench, 'refs'));
      connection.onRequest = () => null;
      for (const name of ['then', 'toJSON']) {
        const { error } = await connection.call('Plugin.echo', { [name]: reference('f', 1) });
        demand(error !== null, `a call with a function under the name ${name} to fail`, 'a result');
      }
      demandEqual(await bench.call(connection, 'echo', 1), 1, 'the result of echo');
    },
  },
  {
    section,
    name: 'fails a call with a reference whose id was used for another kind before',
    run: async (bench) => {
      const connection = await bench.dispense(await withCapability(bench, 'refs'));
      connection.onRequest = () => null;
      const { error } = await connection.call('Plugin.echo', [reference('f', 1), reference('o', 1)]);
      demand(error !== null, 'a call with id 1 as a function and as an object to fail', 'a result');
      demandEqual(await bench.call(connection, 'echo', 1), 1, 'the result of echo');
    },
  },
  {
    section,
    name: 'takes any value as the error of a call that it made',
    run: async (bench) => {
      const connection = await bench.dispense(await withCapability(bench, 'refs', 'errors'));
      let next: unknown;
      connection.onRequest = () => null;
      connection.onFailure = () => next;
      const oddities = [
        42,
        ['a', 'list'],
        {},
        { message: new TextEncoder().encode('as bin'), code: [1] },
        true,
      ];
      for (const error of oddities) {
        next = error;
        const answer = await connection.call('Plugin.each', [1], reference('f', 1));
        bench.need('each', answer.error);
        demand(answer.error !== null, `each to fail when its function fails with ${show(error)}`, 'a result');
      }
      demandEqual(await bench.call(connection, 'echo', 1), 1, 'the result of echo');
    },
  },
  {
    section,
    name: 'refuses a stream of values that the host has dropped',
    run: async (bench) => {
      const running = await withCapability(bench, 'refs');
      const connection = await bench.dispense(running);
      const result = await bench.call(connection, 'count', 3);
      demand(result instanceof Extension, 'a reference to a stream of values', show(result));
      const id = result.data.slice(1);
      connection.notify('$/drop', [new DataView(id.buffer).getUint32(0)]);
      demandEqual(await bench.call(connection, 'echo', 1), 1, 'the result of echo');
      const stream = running.session.open(id);
      await running.session.until(() => stream.isRefused, 'a reset of the stream of values', 20_000);
      demandEqual(stream.receivedBytes, 0, 'the bytes on the refused stream');
    },
  },
  {
    section,
    name: 'sends an error as a map whose keys have the types of the protocol',
    run: async (bench) => {
      const connection = await bench.dispense(await withCapability(bench, 'errors'));
      const { error } = await connection.call('Plugin.fail', 'typed');
      bench.need('fail', error);
      const map = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
      for (const key of ['name', 'message', 'type', 'stack'])
        if (key in map) demand(typeof map[key] === 'string', `${key} as a string`, show(map[key]));
      if ('errors' in map) demand(Array.isArray(map['errors']), 'errors as an array', show(map['errors']));
      demand(textOf(error) === 'typed', "the message 'typed'", describeError(error));
    },
  },
];
