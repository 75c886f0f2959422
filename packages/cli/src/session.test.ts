import { expect, test } from 'vitest';
import { pluginName, targetAmong } from './session.ts';

test.each([
  ['./bin/plugin --port 5', 'plugin'],
  ['node dist/plugin.js', 'plugin.js'],
  ['/usr/bin/python3.11 -u plugin.py', 'plugin.py'],
  ['node --enable-source-maps plugin.js x.js', 'plugin.js'],
  ['node -e console.log("x.y/z")', 'node'],
  ['node --input-type=module --eval import("./x.js")', 'node'],
  ['sh -c ./plugin', 'sh'],
  ['node', 'node'],
])('the output of %j is shown after the name %s', (line, name) => {
  expect(pluginName(line.split(' '))).toBe(name);
});

test.each([
  [['kv'], 'kv.get', 'kv', 'get'],
  [['kv'], 'kv.a.b', 'kv', 'a.b'],
  [['kv', 'kv.a'], 'kv.a.b', 'kv.a', 'b'],
  [['k'], 'kv.a.b', 'kv.a', 'b'],
  [['kv.a'], 'kv.a.b.c', 'kv.a', 'b.c'],
  [['kv', 'kv.a.b'], 'kv.a.b', 'kv', 'a.b'],
  [[], 'kv.a.b', 'kv.a', 'b'],
  [['', '__proto__'], '.a.b', '.a', 'b'],
])(
  'for a plugin that serves %j, the operand %s is the name %s and the method %s',
  (names, operand, name, method) => {
    expect(targetAmong(names, operand)).toEqual({ name, method });
  },
);
