import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Scan, scanJson, type Token, textOf } from '../../src/kx/codec/json-scan.ts';
import { limits } from '../../src/limits.ts';

function faultOf(input: string | Buffer): string | undefined {
  const scan = scanJson(Buffer.from(input));
  return scan.fault;
}

/** The value that the tokens stand for. */
function built(bytes: Buffer, scan: Scan): unknown {
  assert.ok(scan.fault === undefined, 'a valid object was refused');
  const { tokens } = scan;
  const build = (i: number): unknown => {
    const token: Token = tokens.at(i);
    if (token.kind === 'string') return textOf(bytes, token);
    if (token.kind === 'array') return children(i).map(build);
    if (token.kind !== 'object') return JSON.parse(bytes.toString('latin1', token.start, token.end));
    const entries: [string, unknown][] = [];
    for (let at = i + 1; at < token.after; at = tokens.after(at + 1))
      entries.push([textOf(bytes, tokens.at(at)), build(at + 1)]);
    return Object.fromEntries(entries);
  };
  const children = (i: number): number[] => {
    const found: number[] = [];
    for (let at = i + 1; at < tokens.after(i); at = tokens.after(at)) found.push(at);
    return found;
  };
  assert.equal(tokens.after(0), tokens.length);
  return build(0);
}

const json = fc.dictionary(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }),
  { maxKeys: 6 },
);
const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/);

describe('the JSON reader agrees with JSON.parse', () => {
  test('on every object, with any indentation', () => {
    fc.assert(
      fc.property(json, fc.nat(4), space, (value, indent, around) => {
        const text = `${around}${JSON.stringify(value, null, indent)}${around}`;
        const bytes = Buffer.from(text);
        assert.deepEqual(built(bytes, scanJson(bytes)), Object.fromEntries(Object.entries(JSON.parse(text))));
      }),
    );
  });

  test('on every escape, spelled by its number or by its letter', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (text) => {
        const units = [...Array(text.length).keys()].map((i) => text.charCodeAt(i));
        const escaped = units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
        const bytes = Buffer.from(`{"${escaped}":"${escaped.toUpperCase().replaceAll('U', 'u')}"}`);
        assert.deepEqual(Object.entries(built(bytes, scanJson(bytes)) as object), [[text, text]]);
      }),
    );
    const letters = Buffer.from('{"a":"\\"\\\\\\/\\b\\f\\n\\r\\t\\ud83d\\ude00\\ud800"}');
    assert.deepEqual(built(letters, scanJson(letters)), { a: '"\\/\b\f\n\r\t😀\ud800' });
  });

  test('on texts that were damaged in one place: what JSON.parse refuses is refused', () => {
    const damage = fc.tuple(fc.nat(), fc.constantFrom(...'{}[]",:\\ -+.0e\x00\x1ft'), fc.boolean());
    fc.assert(
      fc.property(json, damage, (value, [where, letter, insert]) => {
        const text = JSON.stringify(value);
        const at = where % (text.length + 1);
        const damaged = Buffer.from(text.slice(0, at) + letter + text.slice(insert ? at : at + 1));
        const accepted = faultOf(damaged) === undefined;
        if (accepted) assert.doesNotThrow(() => JSON.parse(damaged.toString()));
        else if (faultOf(damaged) === 'syntax') assert.throws(() => JSON.parse(damaged.toString()));
      }),
      { numRuns: 500 },
    );
  });
});

describe('the JSON reader refuses', () => {
  const cases: [name: string, text: string | Buffer, fault: string][] = [
    ['nothing', '', 'not-an-object'],
    ['white space alone', ' \n', 'not-an-object'],
    ['an array', '[1]', 'not-an-object'],
    ['a string', '"a"', 'not-an-object'],
    ['a byte order mark', '\ufeff{}', 'not-an-object'],
    ['what follows the object', '{}{}', 'syntax'],
    ['a NUL behind the object', '{}\0', 'syntax'],
    ['a member without a value', '{"a"}', 'syntax'],
    ['a member name without quotes', '{a:1}', 'syntax'],
    ['single quotes', "{'a':1}", 'syntax'],
    ['a comma before the end of an object', '{"a":1,}', 'syntax'],
    ['a comma before the end of an array', '{"a":[1,]}', 'syntax'],
    ['two commas', '{"a":[1,,2]}', 'syntax'],
    ['a comment', '{"a":1/**/}', 'syntax'],
    ['an object that does not end', '{"a":{}', 'syntax'],
    ['a string that does not end', '{"a":"b', 'syntax'],
    ['a string that ends in a backslash', '{"a":"b\\', 'syntax'],
    ['an unknown escape', '{"a":"\\x41"}', 'syntax'],
    ['a short \\u', '{"a":"\\u12"}', 'syntax'],
    ['a \\u that is cut off', '{"a":"\\u12', 'syntax'],
    ['a raw line feed in a string', '{"a":"\n"}', 'syntax'],
    ['a raw tab in a member name', '{"\t":1}', 'syntax'],
    ['a leading zero', '{"a":01}', 'syntax'],
    ['a leading plus', '{"a":+1}', 'syntax'],
    ['a bare minus', '{"a":-}', 'syntax'],
    ['a point without digits', '{"a":1.}', 'syntax'],
    ['a point without a number', '{"a":.5}', 'syntax'],
    ['an exponent without digits', '{"a":1e}', 'syntax'],
    ['a hexadecimal number', '{"a":0x10}', 'syntax'],
    ['NaN', '{"a":NaN}', 'syntax'],
    ['a number of 64 characters', `{"a":${'1'.repeat(64)}}`, 'syntax'],
    ['a word that begins like one', '{"a":nul}', 'syntax'],
    ['a word that goes on', '{"a":truer}', 'syntax'],
    ['no value at all', '{"a":}', 'syntax'],
    ['a member twice', '{"a":1,"b":2,"a":3}', 'duplicate-member'],
    ['a member twice in an inner object', '{"o":[{"a":1,"a":1}]}', 'duplicate-member'],
    ['a member twice, once escaped', '{"key":1,"k\\u0065y":2}', 'duplicate-member'],
    ['a byte that is no UTF-8', Buffer.from('7b2261223a22ff227d', 'hex'), 'not-utf8'],
    ['an overlong NUL', Buffer.from('7b2261223a22c080227d', 'hex'), 'not-utf8'],
    ['a surrogate in UTF-8', Buffer.from('7b2261223a22eda080227d', 'hex'), 'not-utf8'],
    ['UTF-8 that is cut off', Buffer.from('7b2261223a22e282', 'hex'), 'not-utf8'],
  ];
  for (const [name, text, fault] of cases) test(name, () => assert.equal(faultOf(text), fault));
});

describe('the JSON reader is bounded', () => {
  test('in depth: as many levels as allowed, not one more', () => {
    const nested = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    assert.equal(faultOf(nested(limits.jsonDepthMax)), undefined);
    assert.equal(faultOf(nested(limits.jsonDepthMax + 1)), 'too-deep');
    assert.equal(faultOf(`{"a":${'['.repeat(60_000)}`), 'too-deep');
    assert.equal(faultOf('{"a":'.repeat(10_000)), 'too-deep');
  });

  test('in count: as many values and names as allowed, not one more', () => {
    // The object, its member name, the array.
    const numbers = (count: number) => `{"a":[${Array(count).fill(0).join()}]}`;
    assert.equal(faultOf(numbers(limits.jsonTokensMax - 3)), undefined);
    assert.equal(faultOf(numbers(limits.jsonTokensMax - 2)), 'too-many-values');
  });

  test('in the members of one object: as many as allowed, not one more', () => {
    const members = (count: number) =>
      JSON.stringify({ a: Object.fromEntries(Array.from({ length: count }, (_, i) => [`m${i}`, i])) });
    assert.equal(faultOf(members(limits.jsonMembersMax)), undefined);
    assert.equal(faultOf(members(limits.jsonMembersMax + 1)), 'too-many-values');
  });

  test('the same name may stand in different objects', () => {
    assert.equal(faultOf('{"a":{"a":1},"b":[{"a":1},{"a":2}],"A":3}'), undefined);
  });

  test('it never throws, and looks at nothing outside its bytes', () => {
    const letters = fc.array(fc.constantFrom(...'{}[]",:\\u0-1.eEtruefalsn \n'), { maxLength: 40 });
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void faultOf(Buffer.from(bytes))));
    fc.assert(
      fc.property(letters, (some) => {
        const text = `{${some.join('')}`;
        // The same bytes with the rest of an object behind them, which does not belong to them.
        const within = Buffer.from(`${text}"}]}:1}`).subarray(0, Buffer.byteLength(text));
        assert.equal(faultOf(within), faultOf(text));
      }),
      { numRuns: 500 },
    );
  });
});
