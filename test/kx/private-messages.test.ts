import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readHeader } from '../../src/kx/codec/header.ts';
import {
  readAnswers,
  readHello,
  readProposals,
  writeAnswers,
  writeEmpty,
  writeHello,
  writeProposals,
} from '../../src/kx/codec/private-messages.ts';
import { limits } from '../../src/limits.ts';
import { payloadOf } from './payloads.ts';

const { blockNumberMax, blockBytesMax, syncProposalsMax } = limits;
const tag = Buffer.alloc(16, 0xfe);
const letters = tag.toString('base64');
const number = fc.maxSafeNat().map((n) => n % (blockNumberMax + 1));
const tags = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes));

function payload(frame: Buffer, command: number): Buffer {
  const { length, ...header } = readHeader(frame, 0);
  assert.deepEqual(header, { version: 1, messageId: 0, command });
  assert.equal(frame.length, 10 + length);
  return frame.subarray(10);
}

describe('a greeting', () => {
  const hello = { kmaId: 'A', unitBits: 256, storeId: 'store' };

  test('is read as it was written', () => {
    const written = payload(writeHello(hello), 0x11f0);
    assert.deepEqual(JSON.parse(written.toString()), { kma_ID: 'A', unit_bits: 256, store_ID: 'store' });
    assert.deepEqual(readHello(written), hello);
  });

  test('may say more', () => {
    assert.deepEqual(readHello(payloadOf({ kmaId: 'A', unitBits: 256, storeId: 'store', more: [1] })), hello);
  });

  const good = { kma_ID: 'A', unit_bits: 256, store_ID: 'store' };
  for (const changes of [
    { kma_ID: undefined },
    { kma_ID: '' },
    { kma_ID: 'x'.repeat(65) },
    { kma_ID: 7 },
    { unit_bits: undefined },
    { unit_bits: 0 },
    { unit_bits: '256' },
    { unit_bits: 65_537 },
    { unit_bits: 256.5 },
    { store_ID: undefined },
    { store_ID: '' },
    { store_ID: 'x'.repeat(65) },
  ])
    test(`is none with ${JSON.stringify(changes)}`, () => {
      assert.equal(readHello(payloadOf({ ...good, ...changes })), undefined);
    });
});

describe('proposals', () => {
  test('are read as they were written', () => {
    const row = fc.tuple(number, fc.integer({ min: 1, max: blockBytesMax }), number, tags);
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        const proposals = rows.map(([n, bytes, epoch, one]) => ({ number: n, bytes, epoch, tag: one }));
        assert.deepEqual(readProposals(payload(writeProposals(proposals, 7), 0x11f1)), proposals);
      }),
    );
  });

  test('fit into one frame, as many as may be', () => {
    const one = { number: blockNumberMax, bytes: blockBytesMax, epoch: blockNumberMax, tag };
    const frame = writeProposals(Array(syncProposalsMax).fill(one), 7);
    assert.equal(readProposals(payload(frame, 0x11f1))?.length, syncProposalsMax);
  });

  const good = [12, 128, 12, letters];
  const bad: [string, unknown][] = [
    ['no array', 1],
    ['one too many', Array(syncProposalsMax + 1).fill(good)],
    ['a row too short', [[12, 128, 12]]],
    ['a row too long', [[...good, 1]]],
    ['a row that is an object', [{ number: 12 }]],
    ['a number too great', [[blockNumberMax + 1, 128, 12, letters]]],
    ['a negative number', [[-1, 128, 12, letters]]],
    ['a block of no bytes', [[12, 0, 12, letters]]],
    ['a block too long', [[12, blockBytesMax + 1, 12, letters]]],
    ['an epoch too great', [[12, 128, blockNumberMax + 1, letters]]],
    ['a tag too short', [[12, 128, 12, 'AAAA']]],
    ['a tag that is null', [[12, 128, 12, null]]],
    ['one bad row among good ones', [good, [12, 128, 12], good]],
  ];
  for (const [name, blocks] of bad)
    test(`are none with ${name}`, () => assert.equal(readProposals(payloadOf({ blocks })), undefined));

  test('are none without a list', () => {
    assert.equal(readProposals(payloadOf({})), undefined);
    assert.equal(readProposals(Buffer.from('[]')), undefined);
    assert.deepEqual(readProposals(payloadOf({ blocks: [] })), []);
  });
});

describe('answers', () => {
  test('are read as they were written', () => {
    const row = fc.oneof(
      fc.tuple(number, fc.constant('ready' as const), tags),
      fc.tuple(number, fc.constantFrom('differs' as const, 'unknown_epoch' as const), fc.constant(undefined)),
    );
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        const answers = rows.map(([n, verdict, one]) => ({ number: n, verdict, tag: one }));
        assert.deepEqual(readAnswers(payload(writeAnswers(answers), 0x11f2)), answers);
      }),
    );
  });

  test('that say no have an empty text for a tag, and any is passed over', () => {
    const written = writeAnswers([{ number: 1, verdict: 'differs', tag: undefined }]);
    assert.deepEqual(JSON.parse(written.toString('utf8', 10)), { blocks: [[1, 'differs', '']] });
    const answers = readAnswers(payloadOf({ blocks: [[1, 'unknown_epoch', letters]] }));
    assert.deepEqual(answers, [{ number: 1, verdict: 'unknown_epoch', tag: undefined }]);
  });

  for (const [name, row] of [
    ['ready without a tag', [1, 'ready', '']],
    ['ready with half a tag', [1, 'ready', 'AAAAAAAAAAA=']],
    ['an unknown verdict', [1, 'maybe', letters]],
    ['a verdict in capitals', [1, 'READY', letters]],
    ['no verdict', [1]],
    ['a row too short', [1, 'differs']],
    ['a row too long', [1, 'ready', letters, 0]],
    ['a number in quotes', ['1', 'ready', letters]],
  ] as const)
    test(`are none with ${name}`, () => assert.equal(readAnswers(payloadOf({ blocks: [row] })), undefined));
});

test('ping and pong carry an empty object', () => {
  for (const command of [0x11fe, 0x11ff])
    assert.equal(payload(writeEmpty(command), command).toString(), '{}');
});
