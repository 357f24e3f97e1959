import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { command } from '../../src/kx/codec/header.ts';
import { type MemberNames, spell } from '../../src/kx/codec/member-names.ts';
import { closePlainly, openForHop } from '../../src/kx/codec/plain-form.ts';
import { giveMemory, takeMemory } from '../../src/kx/codec/slots.ts';
import { limits } from '../../src/limits.ts';
import { read, SPELLINGS } from '../plain/naive-km.ts';

const opened = (text: string, more?: string) => openForHop(Buffer.from(text), more)?.toString();

/** What a plain peer is sent of a payload that ends inside its extension array. */
function closed(prefix: string): string | undefined {
  const memory = takeMemory(limits.kxHeaderBytes + Buffer.byteLength(prefix) + limits.hopEntryBytesMax);
  const at = limits.kxHeaderBytes + memory.write(prefix, limits.kxHeaderBytes);
  const frame = closePlainly(command.keyRelay, memory, at);
  const text = frame?.toString('utf8', limits.kxHeaderBytes);
  if (frame !== undefined) assert.equal(frame.readUInt16BE(8), frame.length - limits.kxHeaderBytes);
  giveMemory(memory);
  return text;
}

describe("a plain peer's payload is opened for a hop entry", () => {
  for (const [name, from, to] of [
    ['without an extension', '{"a":1}', '{"a":1,"extension":['],
    ['with space before its end', '{ "a": 1 \n} ', '{ "a": 1,"extension":['],
    ['with an empty extension', '{"a":1,"extension":[ ]}', '{"a":1,"extension":['],
    [
      'with a filled one at the end',
      '{"a":1 , "Extension" : [{"x":[]}, 2 ] }',
      '{"a":1,"extension":[{"x":[]}, 2,',
    ],
    ['with one in the middle', '{"a":1,"extension":[1],"b":2}', '{"a":1,"b":2,"extension":[1,'],
    ['with one at the beginning', '{"EXTENSION":["]"], "b":2}', '{ "b":2,"extension":["]",'],
    ['with one spelt by escapes', String.raw`{"a":1,"\u0065xtension":[1]}`, '{"a":1,"extension":[1,'],
    ['with one that is null', '{"a":1,"extension":null,"b":2}', '{"a":1,"b":2,"extension":['],
    ['with nothing else', '{"extension":[1]}', '{"extension":[1,'],
    ['with nothing at all', '{}', '{"extension":['],
  ] as const)
    test(name, () => assert.equal(opened(from), to));

  test('and a member added', () => {
    assert.equal(opened('{"a":1}', '"id":"x"'), '{"a":1,"id":"x","extension":[');
    assert.equal(opened('{"extension":[1]}', '"id":"x"'), '{"id":"x","extension":[1,');
  });

  test('and a request ID in the place of one that is null', () => {
    const id = '"key_relay_request_ID":"x"';
    const text = '{"keyRelayRequestId" : null, "extension":null,"a":1}';
    assert.equal(opened(text, id), '{"keyRelayRequestId" : "x","a":1,"extension":[');
    assert.equal(opened('{"keyRelayRequestId":"y"}', id), undefined);
  });

  for (const [name, text] of [
    ['no object', '[1]'],
    ['no JSON', '{"a":1'],
    ['an extension that is no array', '{"a":1,"extension":{}}'],
    ['two members that mean extension', '{"extension":[],"Extension":[]}'],
    ['two of which the second is the array', '{"ex-tension":1,"extension":[]}'],
    [
      'so many members that one more is too many',
      JSON.stringify(
        Object.fromEntries(Array.from({ length: limits.jsonMembersMax }, (_, i) => [`m${i}`, 0])),
      ),
    ],
  ] as const)
    test(`but not one with ${name}`, () => assert.equal(opened(text), undefined));
});

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter((text) => text.replaceAll(/[ _-]/g, '').toLowerCase() !== 'extension');
const value = fc.jsonValue({ maxDepth: 4 });
const space = fc.string({ unit: fc.constantFrom(' ', '\n', '\t', '\r'), maxLength: 2 });
const extensionName = fc.constantFrom('extension', 'Extension', 'EXTEN_SION', 'ex tension');

/** An object as text: its members in any order with any white space, the extension among them at any place or nowhere. */
const payload = fc
  .record({
    members: fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, minLength: 1, maxLength: 8 }),
    extension: fc.option(fc.array(value, { maxLength: 4 }), { nil: undefined }),
    extensionName,
    at: fc.nat(8),
    space,
  })
  .map(({ members, extension, extensionName: called, at, space: s }) => {
    const all: [string, unknown][] = [...members];
    if (extension !== undefined) all.splice(at % (all.length + 1), 0, [called, extension]);
    const text = all.map(([key, one]) => `${s}${JSON.stringify(key)}${s}:${s}${JSON.stringify(one)}${s}`);
    return { members, extension: extension ?? [], text: `{${text.join(',')}}`, s };
  });

const runs = { numRuns: 400, seed: 4163 };

test('opening moves the extension and nothing else: every member stays byte for byte, in its order', () => {
  fc.assert(
    fc.property(payload, ({ members, extension, text, s }) => {
      const prefix = opened(text)!;
      const message = JSON.parse(`${prefix}{"hop":1}]}`) as Record<string, unknown>;
      assert.deepEqual(message['extension'], JSON.parse(JSON.stringify([...extension, { hop: 1 }])));
      let from = 0;
      for (const [key, one] of members) {
        const member = `${JSON.stringify(key)}${s}:${s}${JSON.stringify(one)}`;
        from = prefix.indexOf(member, from);
        assert.ok(from >= 0, member);
      }
      assert.equal(Object.keys(message).length, members.length + 1);
    }),
    runs,
  );
});

test('opened and closed again, a payload says the same as before', () => {
  fc.assert(
    fc.property(payload, ({ members, extension, text }) => {
      const again = JSON.parse(closed(opened(text)!)!) as unknown;
      const entries = extension.length === 0 ? [] : [['extension', extension]];
      assert.deepEqual(again, JSON.parse(JSON.stringify(Object.fromEntries([...members, ...entries]))));
    }),
    runs,
  );
});

test('opening never throws and what it gives ends in its one extension, whatever the bytes', () => {
  const junk = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc
      .string({ unit: fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '\\', ' ', '1', '"extension"') })
      .map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(junk, (bytes) => {
      const prefix = openForHop(Buffer.from(bytes));
      if (prefix === undefined) return;
      const message = JSON.parse(`${prefix.toString()}{"hop":1}]}`) as { extension: object[] };
      assert.deepEqual(message.extension.at(-1), { hop: 1 });
    }),
    { numRuns: 3_000, seed: 4163 },
  );
});

describe('a payload is closed for a plain peer', () => {
  for (const [what, from, to] of [
    ['its empty extension left out', '{"a":1,"extension":[', '{"a":1}'],
    [
      'the comma behind its last entry taken away',
      '{"a":1,"extension":[{"x":1} , ',
      '{"a":1,"extension":[{"x":1}]}',
    ],
    ['nothing else changed', '{"k":[",",1],"extension":[', '{"k":[",",1]}'],
  ] as const)
    test(what, () => assert.equal(closed(from), to));

  test('unless it would be too long', () => {
    const of = (length: number) => `{"a":"${'x'.repeat(length - 23)}","extension":[1,`;
    const most = limits.kxPayloadBytesMax - 1;
    assert.equal(of(most).length, most);
    assert.equal(closed(of(most))?.length, limits.kxPayloadBytesMax);
    assert.equal(closed(of(most + 1)), undefined);
  });
});

test('each spelling of a member name is that of the Recommendation, and is read as the same', () => {
  const table: readonly (readonly [string, Readonly<Record<MemberNames, string>>])[] = [
    'source_KMA_ID,Source KMA ID,sourceKmaId,source_kma_id',
    'destination_KMA_ID,Destination KMA ID,destinationKmaId,destination_kma_id',
    'transit_KMA_IDs,Transit KMA IDs,transitKmaIds,transit_kma_ids',
    'keys,Keys,keys,keys',
    'key_ID,Key ID,keyId,key_id',
    'key,Key,key,key',
    'key_relay_request_ID,Key relay request ID,keyRelayRequestId,key_relay_request_id',
    'extension,Extension,extension,extension',
    'response,Response,response,response',
  ].map((row) => {
    const [own, words, camel, snake] = row.split(',') as [string, string, string, string];
    return [own, { source_KMA_ID: own, 'Source KMA ID': words, sourceKmaId: camel, source_kma_id: snake }];
  });
  for (const [own, spellings] of table)
    for (const names of SPELLINGS) {
      assert.equal(spell(own, names), spellings[names]);
      assert.deepEqual(read({ [spell(own, names)]: 1 }), { [spellings.sourceKmaId]: 1 });
    }
});
