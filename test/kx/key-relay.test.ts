import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatUuid, idAfter, parseUuid } from '../../src/keys/uuid.ts';
import { readKeyRelay, writeKeyRelay } from '../../src/kx/codec/key-relay.ts';
import { compactKeys } from '../../src/kx/codec/key-table.ts';
import { limits } from '../../src/limits.ts';
import { frameWithHop, idsOf, rangesOf } from './framed.ts';
import { keyOf, payloadOf, relayMembers } from './payloads.ts';

const read = (changes: Record<string, unknown> = {}) => readKeyRelay(payloadOf(relayMembers(changes)));

describe('a key relay message', () => {
  test('is read as it was written', () => {
    const id = fc.stringMatching(/^[A-Za-z0-9._:-]{1,64}$/);
    const message = fc.tuple(id, id, fc.array(id, { maxLength: limits.transitMax }), fc.uuid());
    const numbers = fc.tuple(fc.nat(), fc.nat());
    const keys = fc.array(fc.tuple(fc.uuid(), fc.uint8Array({ minLength: 32, maxLength: 32 })), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(message, numbers, fc.uuid(), keys, (names, [number, epoch], firstId, some) => {
        const [source, destination, transit, requestId] = names;
        const fields = {
          source,
          destination,
          transit,
          requestId,
          block: { number, epoch, floor: 5, part: 1, parts: 3 },
        };
        const all = Buffer.concat(some.map(([, key]) => key));
        const draft = writeKeyRelay(fields, parseUuid(firstId)!, all);
        const frame = frameWithHop(0x1101, draft, [{ number: 1, index: 2, units: 3 }])!;
        const payload = frame.subarray(10);
        const parsed = JSON.parse(payload.toString());
        const relay = readKeyRelay(payload)!;
        assert.deepEqual({ ...relay, keys: 0, hop: 0 }, { ...fields, keys: 0, hop: 0, extensionSound: true });
        assert.deepEqual(
          rangesOf(relay).map((key) => Buffer.from(payload.toString('latin1', key.start, key.end), 'base64')),
          some.map(([, key]) => Buffer.from(key)),
        );
        const ids = some.map((_, i) => formatUuid(idAfter(parseUuid(firstId)!, i)));
        assert.deepEqual(idsOf(payload, relay), ids);
        assert.ok(relay.keys.consecutive(payload) && relay.keys.allOf(32));
        assert.deepEqual(rangesOf({ keys: draft.keys! }), rangesOf(relay));
        assert.equal(relay.hop?.start, draft.length);
        assert.deepEqual(Object.keys(parsed), Object.keys(relayMembers()));
      }),
    );
  });

  test('with as many keys as may be fits into one frame', () => {
    const count = limits.relayKeysMax;
    const fields = {
      source: 'S'.repeat(64),
      destination: 'D'.repeat(64),
      transit: Array(limits.transitMax).fill('T'.repeat(64)) as string[],
      requestId: '0d5e4c1a-9b77-4e02-8f3d-aa00000000ff',
      block: {
        number: limits.blockNumberMax,
        epoch: limits.blockNumberMax,
        floor: limits.blockNumberMax,
        part: limits.relayPartsMax - 1,
        parts: limits.relayPartsMax,
      },
    };
    const draft = writeKeyRelay(fields, Buffer.alloc(16, 255), Buffer.alloc(count * limits.unitBytes));
    const last = {
      number: limits.blockNumberMax,
      index: limits.blockUnitsMax - 1,
      units: limits.blockUnitsMax,
    };
    const frame = frameWithHop(0x1101, draft, Array(limits.padSegmentsMax).fill(last));
    assert.equal(readKeyRelay(frame!.subarray(10))?.keys.count, count);
  });
});

describe('member names', () => {
  const spellings: [string, (name: string) => string][] = [
    ['with spaces, as the Recommendation writes', (name) => name.replaceAll('_', ' ')],
    [
      'in camel case',
      (name) => name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    ],
    ['in capitals', (name) => name.toUpperCase()],
    ['with hyphens', (name) => name.toLowerCase().replaceAll('_', '-')],
    ['in small letters without borders', (name) => name.toLowerCase().replaceAll('_', '')],
  ];
  for (const [name, spell] of spellings)
    test(`are taken ${name}`, () => {
      const text = JSON.stringify(relayMembers(), null, 1);
      const respelled = text.replace(/"(\w+)":/g, (_, member: string) => `"${spell(member)}":`);
      assert.notEqual(respelled, text);
      const message = JSON.parse(respelled) as object;
      const payload = payloadOf(message);
      const [one, other] = [readKeyRelay(payload)!, read()!];
      assert.deepEqual(
        [one.source, one.destination, one.transit, one.requestId, one.block, idsOf(payload, one)],
        ['A', 'C', ['B'], 'request', { number: 12, epoch: 10, floor: 9, part: 0, parts: 1 }, ['one', 'two']],
      );
      assert.deepEqual(one.hop?.segments, other.hop?.segments);
    });

  test('are taken with escapes in them', () => {
    const text = JSON.stringify(relayMembers()).replace('source_KMA_ID', 's\\u006furce_KMA_ID');
    assert.equal(readKeyRelay(Buffer.from(text))?.source, 'A');
  });

  test('of other words are other members', () => {
    const { source_KMA_ID: source, ...others } = relayMembers();
    assert.equal(readKeyRelay(payloadOf({ source_KM_ID: source, ...others })), undefined);
    assert.equal(readKeyRelay(payloadOf({ 'source.KMA.ID': source, ...others })), undefined);
  });
});

describe('what is unknown', () => {
  test('is passed over in the message, in a key and in the extension', () => {
    const changes = {
      vendor_x: { deep: [1, { 2: '3' }] },
      keys: [{ vendor_y: [keyOf(9)], key_ID: 'one', key: keyOf(1), key_extension: { hash: 'abc' } }],
      extension: [{ vendor_z: null }, ...(relayMembers()['extension'] as object[])],
    };
    const relay = read(changes);
    assert.deepEqual(idsOf(payloadOf(relayMembers(changes)), relay!), ['one']);
    assert.deepEqual(relay?.block, { number: 12, epoch: 10, floor: 9, part: 0, parts: 1 });
  });

  test('stands before the hop entry, so that a transit KM passes it on as it is', () => {
    const payload = payloadOf(relayMembers({ extension: undefined, vendor_x: 'kept', extension_: 0 }));
    assert.equal(readKeyRelay(payload)?.hop, undefined);
    const { extension, ...first } = relayMembers();
    const ordered = payloadOf({ vendor_x: 'kept', ...first, extension });
    const { hop } = readKeyRelay(ordered)!;
    assert.match(
      ordered.toString('latin1', 0, hop!.start),
      /^\{"vendor_x":"kept",.*"epoch":10,"floor":9\}\},$/,
    );
  });
});

test('an entry keyferry_block of another form is none', () => {
  const right = { number: 12, epoch: 10, floor: 9, part: 2, parts: 3 };
  const block = (change: object) => read({ extension: [{ keyferry_block: { ...right, ...change } }] })?.block;
  assert.deepEqual(block({}), right);
  for (const change of [
    { number: undefined },
    { epoch: 'x' },
    { number: 2 ** 38 },
    { floor: -1 },
    { part: 3 },
    { part: null },
    { parts: 0 },
    { parts: 65 },
    { parts: undefined },
  ])
    assert.equal(block(change), undefined, JSON.stringify(change));
});

describe('a key relay message may do without', () => {
  test('transit KMA IDs', () => assert.equal(read({ transit_KMA_IDs: undefined })?.transit, undefined));
  test('a value other than null for what is optional', () => {
    const relay = read({ transit_KMA_IDs: null, key_relay_request_ID: null, extension: null })!;
    assert.deepEqual(
      [relay.transit, relay.requestId, relay.hop, relay.extensionSound],
      [undefined, undefined, undefined, true],
    );
  });
  test('any KMA in transit', () => assert.deepEqual(read({ transit_KMA_IDs: [] })?.transit, []));
  test('an array around one transit KMA ID, or none: Table 1 has a text there', () => {
    assert.deepEqual(read({ transit_KMA_IDs: 'B' })?.transit, ['B']);
    assert.deepEqual(read({ transit_KMA_IDs: '' })?.transit, []);
  });
  test('a request ID', () => assert.equal(read({ key_relay_request_ID: undefined })?.requestId, undefined));
  test('base64 without escapes in it, where they are those of JSON', () => {
    const key = Buffer.from('fbff00ffbeeffeff', 'hex');
    const letters = key.toString('base64');
    const spellings = [
      letters.replaceAll('/', '\\/'),
      letters.replaceAll('+', '\\u002B'),
      `\\u00${letters.charCodeAt(0).toString(16)}${letters.slice(1)}`,
    ];
    for (const spelling of spellings) {
      const text = JSON.stringify(relayMembers()).replace(keyOf(1), spelling);
      assert.notEqual(text, JSON.stringify(relayMembers()).replace(keyOf(1), letters));
      const long = Buffer.from(text);
      const relay = readKeyRelay(long)!;
      assert.ok(relay.keys.escaped);
      const { payload, keys } = compactKeys(long, relay.keys);
      assert.equal(payload.toString(), text.replace(spelling, letters));
      assert.deepEqual(rangesOf({ keys }), rangesOf(readKeyRelay(payload)!));
      assert.ok(!keys.escaped);
    }
  });
  test('an extension', () => {
    const relay = read({ extension: undefined })!;
    assert.deepEqual([relay.block, relay.hop], [undefined, undefined]);
  });
  test('keys of our size', () => {
    const keys = [1, 16, 33, 500].map((size) => ({
      key_ID: `${size}`,
      key: Buffer.alloc(size).toString('base64'),
    }));
    assert.deepEqual(
      rangesOf(read({ keys })!).map((key) => key.bytes),
      [1, 16, 33, 500],
    );
  });
});

describe('a key relay message is refused', () => {
  const { idCharsMax, transitMax, relayKeysMax, relayKeyBytesMax } = limits;
  const key = (changes: Record<string, unknown>) => [{ key_ID: 'one', key: keyOf(1), ...changes }];
  const cases: [string, Record<string, unknown>][] = [
    ['without a source', { source_KMA_ID: undefined }],
    ['without a destination', { destination_KMA_ID: undefined }],
    ['with an empty source', { source_KMA_ID: '' }],
    ['with a source that is a number', { source_KMA_ID: 1 }],
    ['with a destination that is too long', { destination_KMA_ID: 'x'.repeat(idCharsMax + 1) }],
    ['with transit KMA IDs that are a text too long', { transit_KMA_IDs: 'x'.repeat(idCharsMax + 1) }],
    ['with transit KMA IDs that are a number', { transit_KMA_IDs: 1 }],
    ['with an empty transit KMA ID', { transit_KMA_IDs: ['B', ''] }],
    ['with a transit KMA ID that is null', { transit_KMA_IDs: [null] }],
    ['with too many transit KMAs', { transit_KMA_IDs: Array(transitMax + 1).fill('B') }],
    ['with an empty request ID', { key_relay_request_ID: '' }],
    ['with a request ID that is too long', { key_relay_request_ID: 'x'.repeat(idCharsMax + 1) }],
    ['without keys', { keys: undefined }],
    ['with no key', { keys: [] }],
    ['with too many keys', { keys: Array(relayKeysMax + 1).fill({ key_ID: 'x', key: 'AAAA' }) }],
    ['with a key that is a text', { keys: [keyOf(1)] }],
    ['with a key without an ID', { keys: key({ key_ID: undefined }) }],
    ['with a key with an empty ID', { keys: key({ key_ID: '' }) }],
    ['with a key without bits', { keys: key({ key: undefined }) }],
    ['with a key of no length', { keys: key({ key: '' }) }],
    [
      'with a key that is too long',
      { keys: key({ key: Buffer.alloc(relayKeyBytesMax + 1).toString('base64') }) },
    ],
    ['with a key in the URL alphabet', { keys: key({ key: '-_-_' }) }],
    ['with a key without its padding', { keys: key({ key: 'QQ' }) }],
    ['with a key whose last letter has bits too many', { keys: key({ key: 'QR==' }) }],
    ['with a key that is an array', { keys: key({ key: [1] }) }],
  ];
  for (const [name, changes] of cases) test(name, () => assert.equal(read(changes), undefined));

  test('that is no JSON object', () => {
    for (const text of ['', '[]', '{', 'null']) assert.equal(readKeyRelay(Buffer.from(text)), undefined);
  });
});

test('random objects under the right names never make the reader throw', () => {
  const names = Object.keys(relayMembers());
  const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(...Object.values(relayMembers())));
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), value), (members) => {
      const relay = readKeyRelay(payloadOf(members));
      assert.ok(relay === undefined || relay.keys.count > 0);
    }),
    { numRuns: 1000 },
  );
});
