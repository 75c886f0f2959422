// The kinds of errors that a program may throw. Each kind says which class and name must arrive.
import { AssertionError } from 'node:assert';
import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { Client } from '@pipework/core';
import { smallValue } from './small-values.mjs';

class NotFound extends Error {}
class Deeper extends NotFound {}
class BadType extends TypeError {}
class Chosen extends RangeError {
  name = 'Chosen by the class';
}
class ByGetter extends Error {
  get name() {
    return 'FromGetter';
  }
}
class OnPrototype extends Error {}
OnPrototype.prototype.name = 'FromPrototype';
class Problems extends AggregateError {}
const Nameless = (() => class extends SyntaxError {})();
const foreign = runInNewContext(
  '({ RangeError, AggregateError, Foreign: class Foreign extends TypeError {} })',
);

/** A class as it was written before JavaScript had classes. Its errors have no stack. */
function Old(message) {
  this.message = message;
}
Old.prototype = Object.create(TypeError.prototype, { name: { value: 'Old' } });

const of =
  (Class, type, name = type) =>
  ({ message }) => ({ error: new Class(message), type, name });

/** Makes an error and sets its `name`, which may be any text. */
const named =
  (Class, type) =>
  ({ message, text }) => {
    const name = text();
    return { error: Object.assign(new Class(message), { name }), type, name };
  };

const aggregate =
  (Class, name) =>
  ({ message, random, inner, isOuter }) => {
    const members = isOuter && random.chance(0.02) ? Array(random.between(250, 300)).fill(plain(7)) : [];
    for (let left = random.below(5); left > 0; left--) members.push(inner());
    const error = new Class(
      members.map(({ made }) => made),
      message,
    );
    const errors = members.slice(0, 256).map(({ arrives }) => arrives);
    return { error, type: 'AggregateError', name, errors };
  };
const plain = (value) => ({ made: value, arrives: value });

function domException({ message, random, text }) {
  const name = random.chance(0.5)
    ? random.pick(['AbortError', 'DataCloneError', 'Error', 'TypeError'])
    : text();
  const error = new DOMException(message, name);
  return { error, type: 'DOMException', name, code: error.code };
}

function suppressed({ message, value }) {
  const [last, first] = [value(), value()];
  const { SuppressedError } = globalThis;
  const error = SuppressedError
    ? new SuppressedError(last.made, first.made, message)
    : Object.defineProperties(new Error(message), {
        name: { value: 'SuppressedError' },
        error: { value: last.made },
        suppressed: { value: first.made },
      });
  const fields = { error: last.arrives, suppressed: first.arrives };
  return { error, type: SuppressedError ? 'SuppressedError' : 'Error', name: 'SuppressedError', fields };
}

/** Describes an error that Node or pipework made. Its fields are texts, numbers, booleans and small values. */
function ofCode(error, type, name = type) {
  const { code, name: _, ...fields } = error;
  return { error, type, name, code, fields };
}

const failed = (action, type) => () => {
  try {
    return action();
  } catch (error) {
    return ofCode(error, type);
  }
};

function assertion({ message, random }) {
  const [actual, expected] = [smallValue(random, 2), smallValue(random, 2)];
  const error = new AssertionError({ message, actual, expected, operator: 'strictEqual' });
  return ofCode(error, 'Error', 'AssertionError');
}

/**
 * Each kind gets `{ random, message, text, inner, value, isOuter }`. `text()` makes a text. `inner()` makes a
 * member for the list `errors` of an error, and `value()` makes the value of a field. Both return
 * `{ made, arrives }`: the value, and the description of what must arrive for it. A kind returns
 * `{ error, type, name }`. `type` is the nearest built-in class. A kind that sets a code, members or fields
 * also returns the expected `code`, `errors` (the members) or `fields`.
 */
export const kinds = [
  ...[Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((Class) =>
    of(Class, Class.name),
  ),
  of(NotFound, 'Error', 'NotFound'),
  of(Deeper, 'Error', 'Deeper'),
  of(BadType, 'TypeError', 'BadType'),
  of(Chosen, 'RangeError', 'Chosen by the class'),
  of(ByGetter, 'Error', 'FromGetter'),
  of(OnPrototype, 'Error', 'FromPrototype'),
  of(Nameless, 'SyntaxError'),
  of(Old, 'TypeError', 'Old'),
  of(foreign.RangeError, 'RangeError'),
  of(foreign.Foreign, 'TypeError', 'Foreign'),
  named(Error, 'Error'),
  named(NotFound, 'Error'),
  named(URIError, 'URIError'),
  aggregate(AggregateError, 'AggregateError'),
  aggregate(Problems, 'Problems'),
  aggregate(foreign.AggregateError, 'AggregateError'),
  domException,
  suppressed,
  assertion,
  failed(() => readFileSync('/no/such/file'), 'Error'),
  failed(() => new URL('no address'), 'TypeError'),
  failed(() => new Client({}), 'PipeworkError'),
];
