import vm from 'node:vm';
import { expect, test } from 'vitest';
import { createLogger } from './logger.ts';

const foreign = `
  function DOMException(message) { this.message = message; this.name = 'AbortError'; }
  DOMException.prototype = Object.create(Error.prototype, { [Symbol.toStringTag]: { value: 'DOMException' } });
  new DOMException('far')`;

test.each([
  ['this realm', new TypeError('far'), 'TypeError'],
  ['another realm', vm.runInNewContext("Object.assign(new TypeError('far'), { code: 'E' })"), 'TypeError'],
  ['another realm, which simulates DOMException', vm.runInNewContext(foreign), 'AbortError'],
])('an error of %s is logged with its name, message and stack', (_, error: Error, name) => {
  const lines: string[] = [];
  createLogger('info', (line) => lines.push(line)).error('failed', { error });
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { error: { name, message: 'far', ...(error.stack !== undefined && { stack: error.stack }) } },
  ]);
});
