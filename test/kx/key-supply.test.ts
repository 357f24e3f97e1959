import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { foreignKeyId } from '../../src/keys/foreign-key-id.ts';
import type { Draft } from '../../src/kx/codec/draft.ts';
import { setMessageId } from '../../src/kx/codec/header.ts';
import { sealHop, verifyHop } from '../../src/kx/codec/hop.ts';
import {
  readSupplyAnswer,
  readSupplyNotice,
  supplyResponses,
  writeSupplyAnswer,
  writeSupplyNotice,
} from '../../src/kx/codec/key-supply.ts';
import type { MemberNames } from '../../src/kx/codec/member-names.ts';
import { closePlainly } from '../../src/kx/codec/plain-form.ts';
import { limits } from '../../src/limits.ts';
import { frameWithHop } from './framed.ts';
import { type KeySupplyGolden, keySupplyVectors, type SealedGolden } from './key-supply-vectors.ts';
import { type Members, payloadOf } from './payloads.ts';

const file = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const golden = JSON.parse(file('../golden/kx/key-supply.json')) as KeySupplyGolden;
const unhex = (hex: string) => Buffer.from(hex, 'hex');
const payloadIn = (hex: string) => unhex(hex).subarray(10);

const announced = {
  source: golden.source,
  destination: golden.destination,
  transit: golden.transit,
  master: golden.master,
  slave: golden.slave,
  keyIds: golden.key_ids,
};
const notice = { sessionId: golden.session_id, number: 2, sizeBits: golden.size_bits, announced };
const answer = { sessionId: golden.session_id, keyIds: golden.key_ids, response: 'success' };

describe('golden vectors', () => {
  test('are what the naive implementation makes, and the normative text shows them', () => {
    assert.deepEqual(golden, JSON.parse(JSON.stringify(keySupplyVectors())));
    const text = file('../../docs/kx.md').replace(/\s+/g, '');
    const { notice, answer, plain } = golden;
    for (const one of [notice, answer]) assert.ok(text.includes(one.frame) && text.includes(one.tag));
    for (const one of [plain.notice, plain.shortest_notice, plain.answer, plain.refusal])
      assert.ok(text.includes(one), one);
  });

  const sealed = (draft: Draft, command: number, one: SealedGolden) => {
    const pad = one.pad.map(([number, index, units]) => ({ number, index, units }));
    const frame = frameWithHop(command, draft, pad)!;
    setMessageId(frame, one.message_id);
    sealHop(frame, one.sender, one.receiver, unhex(one.one_time_key));
    return frame.toString('hex');
  };

  test('are written', () => {
    assert.equal(sealed(writeSupplyNotice(notice), 0x1103, golden.notice), golden.notice.frame);
    assert.equal(sealed(writeSupplyAnswer(answer), 0x1104, golden.answer), golden.answer.frame);
    const plainly = (draft: Draft, command: number, id: number) => {
      const frame = closePlainly(command, draft.takeMemory(), 10 + draft.length)!;
      setMessageId(frame, id);
      return frame.toString('hex');
    };
    const { session_id: sessionId, key_id, ...plain } = golden.plain;
    const asked = { sessionId, number: 1, sizeBits: 256, announced: undefined };
    const nothing = { ...asked, number: undefined, sizeBits: undefined };
    const none = { sessionId, keyIds: [], response: 'application_not_connected' };
    assert.equal(plainly(writeSupplyNotice(asked), 0x1103, 3), plain.notice);
    assert.equal(plainly(writeSupplyNotice(nothing), 0x1103, 4), plain.shortest_notice);
    assert.equal(
      plainly(writeSupplyAnswer({ ...answer, sessionId, keyIds: [key_id] }), 0x1104, 3),
      plain.answer,
    );
    assert.equal(plainly(writeSupplyAnswer(none), 0x1104, 4), plain.refusal);
  });

  test('are read and verified', () => {
    const { hop: noticeHop, ...read } = readSupplyNotice(payloadIn(golden.notice.frame))!;
    assert.deepEqual(read, notice);
    const { hop: answerHop, ...other } = readSupplyAnswer(payloadIn(golden.answer.frame))!;
    assert.deepEqual(other, answer);
    for (const [one, hop] of [
      [golden.notice, noticeHop],
      [golden.answer, answerHop],
    ] as const) {
      const frame = unhex(one.frame);
      const [header, payload, key] = [frame.subarray(0, 10), frame.subarray(10), unhex(one.one_time_key)];
      assert.equal(verifyHop(header, payload, hop!, one.sender, one.receiver, key), true);
    }
    const { plain } = golden;
    const nothing = { number: undefined, sizeBits: undefined, announced: undefined, hop: undefined };
    assert.deepEqual(readSupplyNotice(payloadIn(plain.shortest_notice)), { sessionId: 'a-to-c', ...nothing });
    const expected = { sessionId: 'a-to-c', number: 1, sizeBits: 256, announced: undefined, hop: undefined };
    assert.deepEqual(readSupplyNotice(payloadIn(plain.notice)), expected);
    assert.deepEqual(readSupplyAnswer(payloadIn(plain.answer))?.keyIds, [plain.key_id]);
    assert.deepEqual(readSupplyAnswer(payloadIn(plain.refusal))?.keyIds, []);
  });
});

const id = fc.string({ unit: 'binary', minLength: 1, maxLength: 32 }).filter((text) => text.isWellFormed());
const keyId = fc.oneof(id, fc.uuid()).filter((text) => foreignKeyId(text) === text);
const ids = (max: number) => fc.uniqueArray(keyId, { minLength: 1, maxLength: max });
const spellings = ['source_KMA_ID', 'Source KMA ID', 'sourceKmaId', 'source_kma_id'] as const;
const names = fc.constantFrom<MemberNames>(...spellings);

describe('whatever is written', () => {
  const payloadOfDraft = (draft: Draft, command: number) =>
    frameWithHop(command, draft, [{ number: 1, index: 2, units: 1 }])!.subarray(10);

  test('is read back: notifications, in every spelling', () => {
    const whole = fc.record({
      source: id,
      destination: id,
      transit: fc.option(fc.array(id, { maxLength: limits.transitMax }), { nil: undefined }),
      master: id,
      slave: id,
      keyIds: ids(20),
    });
    const written = fc.record({
      sessionId: id,
      number: fc.option(fc.nat(), { nil: undefined }),
      sizeBits: fc.option(fc.nat(), { nil: undefined }),
      announced: fc.option(whole, { nil: undefined }),
    });
    fc.assert(
      fc.property(written, names, (one, spelling) => {
        const payload = payloadOfDraft(writeSupplyNotice(one, spelling), 0x1103);
        const { hop, ...read } = readSupplyNotice(payload)!;
        assert.deepEqual(read, structuredClone(one));
        assert.equal(hop?.segments.length, 1);
        assert.ok(Object.keys(JSON.parse(payload.toString())).every((name) => name.length > 0));
      }),
    );
  });

  test('is read back: responses, in every spelling', () => {
    const written = fc.record({
      sessionId: id,
      keyIds: fc.oneof(fc.constant([]), ids(20)),
      response: fc.constantFrom(...supplyResponses, 'out of coffee'),
    });
    fc.assert(
      fc.property(written, names, (one, spelling) => {
        const { hop, ...read } = readSupplyAnswer(payloadOfDraft(writeSupplyAnswer(one, spelling), 0x1104))!;
        assert.deepEqual(read, structuredClone(one));
        assert.ok(hop !== undefined);
      }),
    );
  });

  test('fits into a frame at its longest', () => {
    const long = (letter: string) => letter.repeat(limits.idCharsMax);
    const keyIds = Array.from({ length: limits.supplyKeysPerRequestMax }, (_, i) => `${i}`.padEnd(64, '€'));
    const transit = Array(limits.transitMax).fill(long('€')) as string[];
    const most = {
      source: long('€'),
      destination: long('€'),
      transit,
      master: long('€'),
      slave: long('€'),
      keyIds,
    };
    const all = { sessionId: long('€'), number: 0xffff_ffff, sizeBits: 0xffff_ffff, announced: most };
    assert.deepEqual(readSupplyNotice(payloadOfDraft(writeSupplyNotice(all), 0x1103))?.announced, most);
  });
});

const entry: Members = {
  source_KMA_ID: 'A',
  destination_KMA_ID: 'C',
  master_SAE_ID: 'app-a',
  slave_SAE_ID: 'app-c',
  key_IDs: ['one', 'two'],
};
const readNotice = (changes: Members) =>
  readSupplyNotice(payloadOf({ session_ID: 's', number_of_keys: 2, ...changes }));
const readEntry = (changes: Members) =>
  readNotice({ extension: [{ other: 1 }, { keyferry_supply: { ...entry, ...changes } }] });
const readAnswer = (changes: Members) =>
  readSupplyAnswer(payloadOf({ session_ID: 's', key_ID: 'one', response: 'success', ...changes }));

test('member names of the Recommendation are taken as it writes them', () => {
  const read = readSupplyNotice(
    payloadOf({ 'Session ID': 's', 'Number of keys': 3, 'Size of key': 128, Extension: [] }),
  );
  assert.deepEqual([read?.sessionId, read?.number, read?.sizeBits], ['s', 3, 128]);
  const other = readSupplyAnswer(
    payloadOf({ 'Session ID': 's', 'Key ID': 'k', Response: 'success', Extension: [] }),
  );
  assert.deepEqual([other?.sessionId, other?.keyIds, other?.response], ['s', ['k'], 'success']);
});

describe('a key supply notification', () => {
  test('without the one fault of each case below is read', () => {
    assert.ok(readNotice({}) && readEntry({}) && readEntry({ transit_KMA_IDs: [] }));
    assert.equal(readNotice({ number_of_keys: 0 })?.number, 0, 'no count to supply, but a count');
  });
  const long = 'x'.repeat(limits.idCharsMax + 1);
  const many = Array.from({ length: limits.supplyKeysPerRequestMax + 1 }, (_, i) => `${i}`);
  const faults: [string, Members][] = [
    ['without a session ID', { session_ID: undefined }],
    ['with an empty session ID', { session_ID: '' }],
    ['with a session ID that is too long', { session_ID: long }],
    ['with a session ID that is a number', { session_ID: 1 }],
    ['with a number of keys that is a text', { number_of_keys: '2' }],
    ['with a negative number of keys', { number_of_keys: -1 }],
    ['with half a key', { number_of_keys: 1.5 }],
    ['with a number of keys over four bytes', { number_of_keys: 2 ** 32 }],
    ['with a size that is a text', { size_of_key: '256' }],
    ['with a size that is no whole number', { size_of_key: 0.5 }],
    ['with an entry that is a text', { extension: [{ keyferry_supply: 'x' }] }],
  ];
  for (const [name, changes] of faults)
    test(`${name} is refused`, () => assert.equal(readNotice(changes), undefined));
  const entryFaults: [string, Members][] = [
    ['a source', { source_KMA_ID: undefined }],
    ['a destination', { destination_KMA_ID: '' }],
    ['a master', { master_SAE_ID: undefined }],
    ['a slave that is short enough', { slave_SAE_ID: long }],
    ['key IDs', { key_IDs: undefined }],
    ['any key ID', { key_IDs: [] }],
    ['key IDs that are a list', { key_IDs: 'one' }],
    ['key IDs that are texts', { key_IDs: ['one', 2] }],
    ['key IDs that differ', { key_IDs: ['one', 'one'] }],
    ['key IDs that are few enough', { key_IDs: many }],
    ['transit KMAs that are texts', { transit_KMA_IDs: [''] }],
    ['transit KMAs that are a list', { transit_KMA_IDs: null }],
  ];
  for (const [name, changes] of entryFaults)
    test(`whose entry is without ${name} is refused`, () => assert.equal(readEntry(changes), undefined));
});

describe('a response to it', () => {
  test('has no key IDs, one, or several', () => {
    for (const [key_ID, expected] of [
      [undefined, []],
      [null, []],
      ['', []],
      [[], []],
      ['one', ['one']],
      [['one'], ['one']],
      [
        ['one', 'two'],
        ['one', 'two'],
      ],
    ] as const)
      assert.deepEqual(readAnswer({ key_ID })?.keyIds, expected);
  });
  const faults: [string, Members][] = [
    ['without a session ID', { session_ID: undefined }],
    ['without a response', { response: undefined }],
    ['with an empty response', { response: '' }],
    ['with a response that is too long', { response: 'x'.repeat(limits.responseCharsMax + 1) }],
    ['with a key ID that is a number', { key_ID: 1 }],
    ['with a key ID that is an object', { key_ID: { key_ID: 'one' } }],
    ['with an empty key ID among others', { key_ID: ['one', ''] }],
    ['with a key ID that is too long', { key_ID: 'x'.repeat(limits.idCharsMax + 1) }],
    ['with too many key IDs', { key_ID: Array(limits.supplyKeysPerRequestMax + 1).fill('x') }],
  ];
  for (const [name, changes] of faults)
    test(`${name} is refused`, () => assert.equal(readAnswer(changes), undefined));
});

test('random objects under the right names never make a reader throw', () => {
  const members = [
    'session_ID',
    'number_of_keys',
    'size_of_key',
    'key_ID',
    'response',
    'extension',
    'keyferry_supply',
  ];
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom('s', 1, [{ keyferry_supply: entry }]),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...members), value), (some) => {
      const [one, other] = [readSupplyNotice(payloadOf(some)), readSupplyAnswer(payloadOf(some))];
      assert.ok(one === undefined || one.sessionId.length > 0);
      assert.ok(other === undefined || other.response.length > 0);
    }),
    { numRuns: 1000 },
  );
});
