import { expect, test } from 'vitest';
import { fromJson, parseJson, toJson } from './values.ts';

const values: readonly (readonly [name: string, value: unknown])[] = [
  ['undefined', undefined],
  ['a bigint', -(2n ** 70n)],
  ['NaN', Number.NaN],
  ['Infinity', -Infinity],
  ['minus zero', -0],
  ['a date', new Date(5)],
  ['an invalid date', new Date(Number.NaN)],
  ['bytes', new Uint8Array([1, 2, 255])],
  ['an ArrayBuffer', new Uint8Array([1, 2]).buffer],
  ['a typed array', new Float64Array([1.5, Number.NaN])],
  ['a DataView', new DataView(new Uint8Array([7]).buffer)],
  ['a map', new Map<unknown, unknown>([[{ a: 1n }, new Set([new Date(0)])]])],
  ['a regular expression', /a+/giu],
  ['a URL', new URL('https://example.com/?a=1')],
  [
    'an error',
    Object.assign(new TypeError('no', { cause: new Error('why') }), { code: 'E', at: new Date(1) }),
  ],
  ['an AggregateError', new AggregateError([new TypeError('first'), new Map([[1n, 2]])], 'both failed')],
  ['an error whose field `errors` is data', Object.assign(new Error('no'), { errors: ['a', { b: 1n }] })],
  ['a list with undefined and null', [undefined, null]],
  ['an object that looks like a form', { $date: 'x' }],
  ['an object that looks like a form with one more $', { $$date: 1n }],
  ['an object with a $ key and another key', { $date: 'x', b: 1 }],
  ['an object with __proto__', JSON.parse('{"__proto__":{"a":1}}')],
  ['plain data', { a: [1, 'b', true, null, { c: 0.5 }] }],
];

test.each(values)('turns %s into JSON and back without a change', (_, value) => {
  expect(fromJson(JSON.parse(JSON.stringify(toJson(value))))).toEqual(value);
});

test.each([
  ['2026-01-31', '2026-01-31T00:00:00.000Z'],
  ['2026-01-31T12:00Z', '2026-01-31T12:00:00.000Z'],
  ['2026-01-31T12:00:00.5+01:30', '2026-01-31T10:30:00.500Z'],
  ['+012026-01-31T12:00:00Z', '+012026-01-31T12:00:00.000Z'],
  ['1970-01-01', '1970-01-01T00:00:00.000Z'],
])('reads the date %s', (given, whole) => {
  expect(parseJson(`{"$date":"${given}"}`)).toEqual(new Date(whole));
});

test('reads base64 with and without its padding', () => {
  for (const base64 of ['aGk=', 'aGk'])
    expect(parseJson(`{"$bytes":"${base64}"}`)).toEqual(new Uint8Array([104, 105]));
});

test('reads whole numbers that a number cannot hold as bigints, in lists and objects too', () => {
  expect(parseJson('{"a":[9007199254740993,-9007199254740993,1e30,"9007199254740993"]}')).toEqual({
    a: [9007199254740993n, -9007199254740993n, 1e30, '9007199254740993'],
  });
  expect(parseJson('9007199254740991')).toBe(9007199254740991);
});

test('refuses a number that JSON.parse() would turn into an infinity', () => {
  for (const json of ['1e400', '[-1e400]', '{"a":1.5e999}'])
    expect(() => parseJson(json)).toThrow(
      'a number is too large. {"$number":"Infinity"} stands for infinity',
    );
  expect(parseJson('1e-400')).toBe(0);
});

test('refuses a text that would be JSON only after the replacement of its number', () => {
  expect(() => parseJson('[9007199254740993')).toThrow(SyntaxError);
});

test.each([
  ['{"$bigint":"1.5"}', '$bigint: expected digits; got "1.5"'],
  ['{"$bytes":"***"}', '$bytes: expected base64'],
  ['{"$date":"soon"}', '$date: expected a date'],
  ['{"$map":[[1]]}', '$map: expected pairs'],
  ['{"$array":["Function",""]}', '$array: expected one of Int8Array'],
  ['{"$array":["Float64Array","AA=="]}', '$array: '],
  ['{"$constructor":1}', '$constructor is not the form of a value'],
  ['{"$nope":true}', '$nope is not the form of a value'],
  ['{"$":1}', '$ is not the form of a value'],
  ['{"$symbol":"a"}', '$symbol is not the form of a value'],
  ['[{"$undefined":false}]', '$undefined: expected true; got false'],
  ['{"$undefined":null}', '$undefined: expected true'],
  ['{"$bigint":5}', '$bigint: expected a text'],
  ['{"$bigint":"0x10"}', '$bigint: expected digits'],
  ['{"$number":1}', '$number: expected a text'],
  ['{"$number":"1"}', '$number: expected NaN, Infinity, -Infinity or -0'],
  ['{"$date":5}', '$date: expected a text'],
  ['{"$date":"1"}', '$date: expected a date'],
  ['{"$date":"31 January 2026"}', '$date: expected a date'],
  ['{"$date":"2026-02-31"}', '$date: expected a date'],
  ['{"$date":"2026-01-31T25:00:00Z"}', '$date: expected a date'],
  ['{"$bytes":[1]}', '$bytes: expected a text'],
  ['{"$bytes":"aGk=="}', '$bytes: expected base64'],
  ['{"$bytes":"aG k="}', '$bytes: expected base64'],
  ['{"$buffer":{}}', '$buffer: expected a text'],
  ['{"$buffer":"*"}', '$buffer: expected base64'],
  ['{"$array":"Int8Array"}', '$array: expected a list of the name of a class and base64'],
  ['{"$array":["Int8Array"]}', '$array: expected a list of the name of a class and base64'],
  ['{"$array":["Int8Array","AA==",1]}', '$array: expected a list of the name of a class and base64'],
  ['{"$array":["Int8Array",[0]]}', '$array: expected a text'],
  ['{"$map":{"a":1}}', '$map: expected a list'],
  ['{"$map":[[1,2,3]]}', '$map: expected pairs'],
  ['{"$map":[5]}', '$map: expected pairs'],
  ['{"$set":{"a":1}}', '$set: expected a list'],
  ['{"$regexp":"a+"}', '$regexp: expected a list of a source and flags'],
  ['{"$regexp":["a+","i",1]}', '$regexp: expected a list of a source and flags'],
  ['{"$regexp":["a+",1]}', '$regexp: expected a text'],
  ['{"$regexp":["a+","x"]}', '$regexp: Invalid flags'],
  ['{"$regexp":["(",""]}', '$regexp: Invalid regular expression'],
  ['{"$url":1}', '$url: expected a text'],
  ['{"$url":"/a"}', '$url: Invalid URL'],
  ['{"$error":"no"}', '$error: expected an object'],
  ['{"$error":["no"]}', '$error: expected an object'],
  ['{"$error":{"name":5}}', '$error: expected a text'],
  ['{"$error":{"message":null}}', '$error: expected a text'],
])('the error for %s names the invalid form', (json, message) => {
  expect(() => parseJson(json)).toThrow(message);
});

test('writes functions, streams and signals in forms that cannot be read again', async () => {
  async function* items(): AsyncGenerator<number> {
    yield 1;
  }
  expect(toJson({ f: () => 1, s: items(), a: new AbortController().signal })).toEqual({
    f: { $function: true },
    s: { $stream: true },
    a: { $signal: true },
  });
});

test.each([
  ['$function', 'a function'],
  ['$object', 'an object with methods'],
  ['$stream', /a stream .*\. The argument - is a stream/],
  ['$signal', 'an AbortSignal'],
])('refuses %s as an argument, and says what it means in a result', (key, what) => {
  expect(() => parseJson(`[{"${key}":true}]`)).toThrow(what);
});

test.each([
  String.raw`"\ud800"`,
  String.raw`{"\ud800":1}`,
  String.raw`{"$$\ud800":1}`,
  String.raw`{"$regexp":["\ud800",""]}`,
  String.raw`{"$error":{"message":"\ud800"}}`,
  String.raw`{"$error":{"message":"","\ud800":1}}`,
])('refuses half of a surrogate pair, wherever it occurs: %s', (json) => {
  expect(() => parseJson(json)).toThrow('half of a surrogate pair');
});

test('refuses a whole number of more than a million digits, because its conversion takes long', () => {
  expect(() => parseJson(`[${'1'.repeat(1_000_001)}]`)).toThrow('$bigint: expected at most 1,000,000 digits');
});

test('refuses a value that is nested deeper than core can send', () => {
  const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
  expect(() => parseJson(nested(128))).not.toThrow();
  expect(() => parseJson(nested(129))).toThrow('it is nested deeper than 128 levels');
});

test('writes the members of an AggregateError', () => {
  expect(toJson(new AggregateError([new TypeError('first'), 2n], 'both'))).toEqual({
    $error: {
      name: 'AggregateError',
      message: 'both',
      errors: [{ $error: { name: 'TypeError', message: 'first' } }, { $bigint: '2' }],
    },
  });
});

test('keeps the class of an AggregateError, because core sends `errors` as members only for that class', () => {
  const error = parseJson('{"$error":{"name":"AggregateError","message":"no","errors":[{"$date":null}]}}');
  expect(error).toBeInstanceOf(AggregateError);
  expect((error as AggregateError).errors).toEqual([new Date(Number.NaN)]);
  expect(Object.keys(error as object)).toEqual([]);
  expect(() => parseJson('{"$error":{"name":"AggregateError","errors":5}}')).toThrow(
    '$error: expected a list',
  );
});
