// Announces `describe`, and answers with a value that is not a description. By default, the types in the
// answer are wrong. The argument `huge`, `deep` or `poisoned` selects another lie.
import { Buffer } from 'node:buffer';
import process from 'node:process';
import { handshakeLine, startPlugin } from './base.mjs';
import { Raw } from './msgpack.mjs';

/**
 * Returns a schema of nested arrays, as bytes, because a recursive encoder could not encode that many levels.
 */
const deep = (levels) => new Raw(Buffer.concat([Buffer.alloc(levels, 0x91), Buffer.from([0xc0])]));
const about = (plugins, more = []) =>
  new Map([['runtime', 'node 0'], ['protocolVersions', [1]], ['plugins', plugins], ...more]);
const method = (schema) =>
  new Map([
    [
      'echo',
      new Map([
        ['input', [schema]],
        ['output', schema],
      ]),
    ],
  ]);
const lies = {
  types: {
    plugin: new Map([
      ['runtime', 7],
      ['protocolVersions', 'one'],
      ['plugins', [1, null, ['x'], 'thing', 'thing']],
      ['name', ['x']],
      ['version', 1.5],
    ]),
    methods: new Map([
      [
        'echo',
        new Map([
          ['doc', 7],
          ['input', 'text'],
          ['errors', [1]],
          ['unknown', 1],
        ]),
      ],
      ['list', [1, 2]],
      ['nothing', null],
    ]),
  },
  huge: {
    plugin: about(
      Array.from({ length: 20_000 }, (_, n) => `plugin ${n}`),
      [['name', 'x'.repeat(1_000_000)]],
    ),
    methods: new Map(),
  },
  deep: { plugin: about(['thing']), methods: method(deep(100_000)) },
  poisoned: {
    plugin: about(['__proto__', 'constructor', 'thing']),
    methods: new Map(
      ['__proto__', 'constructor', 'then'].map((name) => [name, new Map([['doc', 'polluted']])]),
    ),
  },
};
const { plugin, methods } = lies[process.argv[2] ?? 'types'];
startPlugin({
  line: handshakeLine(undefined, undefined, 'describe'),
  control: { Describe: (_peer, _params, answer) => answer(null, plugin) },
  describe: (_peer, _params, answer) => answer(null, methods),
});
