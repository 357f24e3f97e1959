import { type Expected, relay, type Vector, vector, withValue } from './message.ts';

type Row = readonly [name: string, expect: Expected, payload: string | Buffer];

const text = JSON.stringify(relay());
const value = (name: string, expect: Expected, json: string | Buffer): Row => [name, expect, withValue(json)];
const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const members = (count: number) =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`m${i}`, i])));

// Values and names of the message itself: 3 objects and names of its own and so on, counted once by hand in the test of the reader.
const count = (json: string) =>
  (JSON.stringify(JSON.parse(json)).match(/"(?:[^"\\]|\\.)*"|[{[]|[\w.+-]+/g) ?? []).length;
const OWN = count(withValue('[]').toString());
const zeros = (all: number) =>
  `[${Array(all - OWN)
    .fill(0)
    .join()}]`;

const shape: Row[] = [
  ['nothing but white space', 'malformed', ' \n'],
  ['an array', 'malformed', `[${text}]`],
  ['a string', 'malformed', '"a"'],
  ['null', 'malformed', 'null'],
  ['a byte order mark', 'malformed', `\ufeff${text}`],
  ['a second object behind the first', 'malformed', `${text}{}`],
  ['a NUL behind the object', 'malformed', `${text}\0`],
  ['a letter behind the object', 'malformed', `${text}x`],
  ['an object that does not end', 'malformed', text.slice(0, -1)],
  ['an array that does not end', 'malformed', text.replace(']}', '}')],
  ['white space before the object', 'accepted', ` \t\r\n${text}`],
  ['a member without a value', 'malformed', text.replace('{', '{"x",')],
  ['a member with a colon and no value', 'malformed', text.replace('{', '{"x":,')],
  ['a name without quotes', 'malformed', text.replace('{', '{x:1,')],
  ['a name in single quotes', 'malformed', text.replace('{', "{'x':1,")],
  ['a number for a name', 'malformed', text.replace('{', '{1:1,')],
  ['a comma before the first member', 'malformed', text.replace('{', '{,')],
  ['two commas', 'malformed', text.replace('{', '{"x":1,,')],
  ['no comma', 'malformed', text.replace('{', '{"x":1 ')],
  ['a semicolon for a comma', 'malformed', text.replace('{', '{"x":1;')],
  ['an equals sign for a colon', 'malformed', text.replace('{', '{"x"=1,')],
  ['a form feed for white space', 'malformed', text.replace('{', '{\f')],
  ['a no-break space for white space', 'malformed', text.replace('{', '{\u00a0')],
  ['a comment', 'malformed', text.replace('{', '{/**/')],
  value('a comma before the end of an array', 'malformed', '[1,]'),
  value('a comma before the end of an object', 'malformed', '{"a":1,}'),
  value('an array closed as an object', 'malformed', '[1}'),
  value('an empty object and an empty array', 'accepted', '[{},[]]'),
];

const words: Row[] = [
  ...['true', 'false', 'null'].map((word) => value(`the word ${word}`, 'accepted', word)),
  ...['tru', 'truer', 'True', 'nul', 'NaN', 'Infinity', 'undefined', "'a'", 'a'].map((word) =>
    value(`the word ${word}`, 'malformed', word),
  ),
];

const digits = (many: number) => '1'.repeat(many);
const good = ['0', '-0', '-1', '0.5', '1E5', '1e+5', '1e-5', '-0.0e0', '1e999', digits(63)];
const bad = [
  '01',
  '-01',
  '00',
  '+1',
  '-',
  '1.',
  '.5',
  '-.5',
  '1e',
  '1e+',
  '0x10',
  '1_0',
  '1,0.',
  '--1',
  '1e5.5',
];
const numbers: Row[] = [
  ...good.map((one) => value(`the number ${one}`, 'accepted', one)),
  ...bad.map((one) => value(`the number ${one}`, 'malformed', one)),
  value('a number of 64 characters', 'malformed', digits(64)),
  value('a number of 64 characters with an exponent', 'malformed', `1e${'0'.repeat(62)}`),
  value('a number of 5,000 characters', 'malformed', digits(5000)),
];

const strings: Row[] = [
  value('every escape', 'accepted', '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\uD83D\\uDE00"'),
  value('an escaped NUL', 'accepted', '"\\u0000"'),
  value('a lone high surrogate, escaped', 'accepted', '"\\ud800"'),
  value('a lone low surrogate, escaped', 'accepted', '"\\udc00"'),
  value('surrogates in the wrong order, escaped', 'accepted', '"\\udc00\\ud800"'),
  value('DEL', 'accepted', '"\x7f"'),
  ...['\0', '\x01', '\b', '\t', '\n', '\r', '\x1f'].map((control) =>
    value(`control character ${control.charCodeAt(0)} in a string`, 'malformed', `"${control}"`),
  ),
  value('a control character in a name', 'malformed', '{"\t":1}'),
  ...[
    '\\x41',
    '\\a',
    '\\0',
    "\\'",
    '\\ ',
    '\\U0041',
    '\\u',
    '\\u12',
    '\\u123',
    '\\u12g4',
    '\\u 123',
    '\\u+123',
    '\\u{41}',
  ].map((shown) => value(`the escape ${shown}`, 'malformed', `"${shown}"`)),
  value('a backslash before the closing quote', 'malformed', '"a\\"'),
];

const names: Row[] = [
  value('a member twice', 'malformed', '{"a":1,"a":1}'),
  value('a member twice, not side by side', 'malformed', '{"a":1,"b":{"a":2},"a":3}'),
  value('a member twice, once with an escape', 'malformed', '{"key":1,"k\\u0065y":2}'),
  value('a member twice, its slash once escaped', 'malformed', '{"a/b":1,"a\\/b":2}'),
  value('the empty name twice', 'malformed', '{"":1,"":2}'),
  ['a member of Table 1 twice', 'malformed', text.replace('{', '{"source_KMA_ID":"A",')],
  [
    'a member of Table 1 twice, once with an escape',
    'malformed',
    text.replace('{', '{"sourc\\u0065_KMA_ID":"A",'),
  ],
  value('the same name in different objects', 'accepted', '{"a":{"a":1},"b":[{"a":1},{"a":2}]}'),
  value('names that differ in case', 'accepted', '{"a":1,"A":2}'),
  value('the name __proto__', 'accepted', '{"__proto__":1}'),
];

const bounds: Row[] = [
  value('16 levels', 'accepted', nested(15)),
  value('17 levels', 'malformed', nested(16)),
  value('2,000 levels', 'malformed', nested(2000)),
  value('levels that do not end', 'malformed', '['.repeat(2000)),
  value('64 members', 'accepted', members(64)),
  value('65 members', 'malformed', members(65)),
  value('16,384 values and names', 'accepted', zeros(16_384)),
  value('16,385 values and names', 'malformed', zeros(16_385)),
];

/** Faults of the JSON text, each in an otherwise good and rightly sealed key relay. */
export const jsonFaults = (): Vector[] =>
  [...shape, ...words, ...numbers, ...strings, ...names, ...bounds].map(([name, expect, payload]) =>
    vector(name, 'Appendix I, Payload (RFC 8259); kx.md, JSON', expect, payload),
  );

const utf8: [name: string, hex: string, expect: Expected][] = [
  ['two bytes', 'c3a9', 'accepted'],
  ['the first of two bytes', 'c280', 'accepted'],
  ['three bytes', 'e282ac', 'accepted'],
  ['the first of three bytes', 'e0a080', 'accepted'],
  ['the last before the surrogates', 'ed9fbf', 'accepted'],
  ['the first after the surrogates', 'ee8080', 'accepted'],
  ['U+FFFF', 'efbfbf', 'accepted'],
  ['a byte order mark within a string', 'efbbbf', 'accepted'],
  ['four bytes', 'f09f9880', 'accepted'],
  ['U+10FFFF', 'f48fbfbf', 'accepted'],
  ['a lone continuation byte', '80', 'malformed'],
  ['a continuation byte too many', 'c3a9a9', 'malformed'],
  ['an overlong slash of two bytes', 'c0af', 'malformed'],
  ['an overlong NUL of two bytes', 'c080', 'malformed'],
  ['an overlong DEL of two bytes', 'c1bf', 'malformed'],
  ['an overlong slash of three bytes', 'e080af', 'malformed'],
  ['the last overlong form of three bytes', 'e09fbf', 'malformed'],
  ['an overlong slash of four bytes', 'f08080af', 'malformed'],
  ['the last overlong form of four bytes', 'f08fbfbf', 'malformed'],
  ['the first surrogate', 'eda080', 'malformed'],
  ['the last surrogate', 'edbfbf', 'malformed'],
  ['a pair of surrogates', 'eda0bdedb880', 'malformed'],
  ['U+110000', 'f4908080', 'malformed'],
  ['the first byte of more than U+10FFFF', 'f5808080', 'malformed'],
  ['a form of five bytes', 'f888808080', 'malformed'],
  ['a form of six bytes', 'fc8480808080', 'malformed'],
  ['byte fe', 'fe', 'malformed'],
  ['byte ff', 'ff', 'malformed'],
  ['two bytes, the second missing', 'c3', 'malformed'],
  ['three bytes, the third missing', 'e282', 'malformed'],
  ['four bytes, the fourth missing', 'f09f98', 'malformed'],
  ['ISO 8859-1', 'e9', 'malformed'],
];

/** Faults of UTF-8, in the value of an unknown member and, for each that is none, in a member's name too. */
export const utf8Faults = (): Vector[] =>
  utf8.flatMap(([name, hex, expect]) => {
    const quoted = Buffer.concat([Buffer.from('"'), Buffer.from(hex, 'hex'), Buffer.from('"')]);
    const inName = Buffer.concat([Buffer.from('{'), quoted, Buffer.from(':1}')]);
    const clause = 'Appendix I, Payload (RFC 8259, clause 8.1)';
    const inValue = vector(`${name}, in a value`, clause, expect, withValue(quoted));
    return [inValue, vector(`${name}, in a name`, clause, expect, withValue(inName))];
  });
