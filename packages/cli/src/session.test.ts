import { expect, test } from 'vitest';
import { pluginName } from './session.ts';

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
