import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readCompletion, writeCompletion } from '../../src/kx/codec/completion.ts';
import { command, setMessageId } from '../../src/kx/codec/header.ts';
import { type PadSegment, sealHop, verifyHop } from '../../src/kx/codec/hop.ts';
import { limits } from '../../src/limits.ts';
import { frameWithHop } from './framed.ts';
import { withHop } from './naive.ts';
import { completionMembers, payloadOf, withHopEntry } from './payloads.ts';

const key = Buffer.from(Array.from({ length: 32 }, (_, i) => (i * 37 + 5) & 255));
const segments: PadSegment[] = [{ number: 12, index: 3, units: 1 }];

function sealed(pad = segments, messageId = 9): Buffer {
  const frame = frameWithHop(command.keyRelayCompletion, writeCompletion('success', 'request'), pad)!;
  setMessageId(frame, messageId);
  sealHop(frame, 'C', 'B', key);
  return frame;
}

/** What the receiver makes of a frame. */
function accepts(frame: Buffer, sender = 'C', receiver = 'B', oneTimeKey = key): boolean {
  const [headerBytes, payload] = [Buffer.from(frame.subarray(0, 10)), Buffer.from(frame.subarray(10))];
  const hop = readCompletion(payload)?.hop;
  return hop !== undefined && verifyHop(headerBytes, payload, hop, sender, receiver, oneTimeKey);
}

describe('a sealed message', () => {
  test('is accepted by its receiver', () => assert.equal(accepts(sealed()), true));

  test('is refused when any byte of header or payload is changed', () => {
    const good = sealed();
    for (let at = 0; at < good.length; at++) {
      for (const bit of [1, 2, 32]) {
        const bad = Buffer.from(good);
        bad[at]! ^= bit;
        assert.equal(accepts(bad), false, `byte ${at}, bit ${bit}`);
      }
    }
  });

  test('is refused under any other tag', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (tag) => {
        const bad = sealed();
        bad.write(Buffer.from(tag).toString('base64'), bad.length - 29, 'latin1');
        assert.equal(accepts(bad), bad.equals(sealed()));
      }),
    );
  });

  test('is refused from another sender, to another receiver, or the other way round', () => {
    assert.equal(accepts(sealed(), 'D', 'B'), false);
    assert.equal(accepts(sealed(), 'C', 'D'), false);
    assert.equal(accepts(sealed(), 'B', 'C'), false);
    assert.equal(accepts(sealed(), 'C,1:B', 'B'), false);
  });

  test('is refused under another key', () => {
    const other = Buffer.from(key);
    other[31]! ^= 1;
    assert.equal(accepts(sealed(), 'C', 'B', other), false);
  });

  test('is refused under another message ID or command', () => {
    const moved = sealed();
    setMessageId(moved, 10);
    assert.equal(accepts(moved), false);
    const renamed = sealed();
    renamed.writeUInt16BE(command.keyRelay, 6);
    assert.equal(accepts(renamed), false);
  });

  test('is what the naive implementation makes, for any pad', () => {
    const pads = fc.array(
      fc.tuple(fc.nat(2 ** 31), fc.nat(limits.blockUnitsMax - 1), fc.integer({ min: 1, max: 400 })),
      { minLength: 1, maxLength: limits.padSegmentsMax },
    );
    fc.assert(
      fc.property(pads, fc.nat(), (pad, messageId) => {
        const frame = sealed(
          pad.map(([number, index, units]) => ({ number, index, units })),
          messageId,
        );
        const hop = { sender: 'C', receiver: 'B', segments: pad, oneTimeKey: key };
        const prefix = writeCompletion('success', 'request').payload.toString();
        assert.deepEqual(frame, withHop(hop, messageId, 0x1102, prefix).frame);
        assert.equal(accepts(frame), true);
      }),
    );
  });

  test('is sealed once', () => {
    assert.throws(() => sealHop(sealed(), 'C', 'B', key), /sealed once/);
  });
});

describe('the hop entry', () => {
  const hopOf = (payload: Buffer) => readCompletion(payload)?.hop;
  const [entry] = completionMembers()['extension'] as [object];

  test('is found with its pad and its place', () => {
    const payload = payloadOf(completionMembers());
    const hop = hopOf(payload)!;
    assert.deepEqual(hop.segments, [{ number: 4, index: 30, units: 2 }]);
    assert.equal(payload.toString('latin1', hop.start, hop.start + 17), '{"keyferry_hop":{');
    assert.equal(
      payload.toString('latin1', hop.tagStart, hop.tagStart + 24),
      Buffer.alloc(16, 1).toString('base64'),
    );
  });

  test('is found behind other entries', () => {
    const extension = [{ vendor_x: 1 }, 'text', 7, entry];
    assert.ok(hopOf(payloadOf(completionMembers({ extension }))));
  });

  const elsewhere: [string, string | Buffer][] = [
    ['before another entry', payloadOf(completionMembers({ extension: [entry, {}] }))],
    ['with white space behind it', JSON.stringify(completionMembers()).replace(/\]\}$/, '] }')],
    ['with white space behind the payload', `${JSON.stringify(completionMembers())} `],
    ['before another member of the message', payloadOf({ ...completionMembers(), more: 1 })],
    ['in an extension that is no array', payloadOf(completionMembers({ extension: entry }))],
    ['in a member of another name', payloadOf({ response: 'success', extensions: [entry] })],
    ['within another entry', payloadOf(completionMembers({ extension: [{ in: [entry] }] }))],
    ['nowhere', payloadOf(completionMembers({ extension: undefined }))],
    ['in an empty extension', payloadOf(completionMembers({ extension: [] }))],
  ];
  for (const [name, payload] of elsewhere)
    test(`is not found ${name}`, () => {
      const completion = readCompletion(Buffer.from(payload));
      assert.equal(completion?.response, 'success');
      assert.equal(completion.hop, undefined);
    });

  const { blockNumberMax, blockUnitsMax, padSegmentsMax } = limits;
  const good: [string, unknown][] = [
    ['the greatest numbers', [[blockNumberMax, blockUnitsMax - 1, blockUnitsMax]]],
    ['as many segments as allowed', Array(padSegmentsMax).fill([0, 0, 1])],
  ];
  for (const [name, pad] of good) test(`may hold ${name}`, () => assert.ok(hopOf(withHopEntry({ pad }))));

  const bad: [string, Record<string, unknown>][] = [
    ['no segments', { pad: [] }],
    ['one segment more than allowed', { pad: Array(padSegmentsMax + 1).fill([0, 0, 1]) }],
    ['a segment of no units', { pad: [[4, 30, 0]] }],
    ['a segment of too many units', { pad: [[4, 30, blockUnitsMax + 1]] }],
    ['an index too great', { pad: [[4, blockUnitsMax, 1]] }],
    ['a block number too great', { pad: [[blockNumberMax + 1, 0, 1]] }],
    ['a negative block number', { pad: [[-1, 0, 1]] }],
    ['a fraction', { pad: [[4, 0.5, 1]] }],
    ['a number in quotes', { pad: [['4', 30, 2]] }],
    ['a segment of two numbers', { pad: [[4, 30]] }],
    ['a segment of four numbers', { pad: [[4, 30, 2, 0]] }],
    ['a segment that is an object', { pad: [{ number: 4, index: 30, units: 2 }] }],
    ['pad that is no array', { pad: 4 }],
    ['no pad', { pad: undefined }],
    ['no tag', { tag: undefined }],
    ['a tag of 15 bytes', { tag: Buffer.alloc(15).toString('base64') }],
    ['a tag of 17 bytes', { tag: Buffer.alloc(17).toString('base64') }],
    ['a tag in the URL alphabet', { tag: `${'-'.repeat(22)}==` }],
    ['a tag with bits set that no byte uses', { tag: `${'A'.repeat(21)}B==` }],
    ['a tag that is a number', { tag: 1 }],
  ];
  for (const [name, change] of bad)
    test(`may not hold ${name}`, () => {
      const payload = withHopEntry(change);
      assert.ok(readCompletion(payload));
      assert.equal(hopOf(payload), undefined);
    });

  test('may not have an escape in its tag', () => {
    const text = withHopEntry({ tag: `B${'A'.repeat(21)}==` }).toString();
    assert.ok(hopOf(Buffer.from(text)));
    assert.equal(hopOf(Buffer.from(text.replace('"BAAAAAAA', '"\\u0042AA'))), undefined);
  });

  test('is not written when the payload would be longer than its length can say', () => {
    const room =
      limits.kxPayloadBytesMax - (sealed().length - 10 - writeCompletion('success', 'request').length);
    assert.equal(frameWithHop(0x1101, Buffer.alloc(room), segments)?.length, 10 + limits.kxPayloadBytesMax);
    assert.equal(frameWithHop(0x1101, Buffer.alloc(room + 1), segments), undefined);
  });
});
