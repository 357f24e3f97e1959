import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeMessage } from '../../firmware-bridge/encode.ts';
import { HidDecoder, HidEncoder, pieceBytes, reportsOf } from '../../firmware-bridge/hid-framing.ts';
import { reportRoom } from '../../firmware-bridge/lines.ts';
import { RECORD_EXTRA_BYTES } from '../../firmware-bridge/records.ts';
import { limits } from '../../src/limits.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { type HidVector, naiveHidVectors } from './naive-hid.ts';

const file = new URL('../../firmware-bridge/hid-vectors.json', import.meta.url);
const vectors = JSON.parse(await readFile(file, 'utf8')) as HidVector[];

const shape = fc.record({
  reportBytes: fc.integer({ min: 64, max: 1024 }),
  reportId: fc.option(fc.integer({ min: 1, max: 255 }), { nil: undefined }),
});
const message = fc.uint8Array({ minLength: 1, maxLength: 3000 });

function take(decoder: HidDecoder, reports: readonly Uint8Array[]): string[] {
  const seen: string[] = [];
  for (const report of reports) decoder.push(report, (one) => seen.push(one.toString('hex')));
  return seen;
}

test('the HID vectors are those that the independent encoder makes', () => {
  assert.deepEqual(vectors, naiveHidVectors());
  assert.equal(vectors.length, 6);
});

test('every vector encodes to its reports and decodes to its message', () => {
  for (const { name, report_bytes, report_id, first_sequence, message: hex, reports } of vectors) {
    const of = { reportBytes: report_bytes, reportId: report_id ?? undefined };
    const encoder = new HidEncoder(of);
    for (let i = 0; i < first_sequence; i++) encoder.encode(Uint8Array.of(1));
    const made = encoder.encode(Buffer.from(hex, 'hex'));
    assert.deepEqual(
      made.map((report) => report.toString('hex')),
      reports,
      name,
    );
    assert.equal(made.length, reportsOf(hex.length / 2, of));
    assert.deepEqual(take(new HidDecoder(of), made), [hex], name);
  }
});

test('whatever the report size: messages come out as they went in, and what was read is wiped', () => {
  fc.assert(
    fc.property(shape, fc.array(message, { maxLength: 6 }), (of, messages) => {
      const encoder = new HidEncoder(of);
      const reports = messages.flatMap((one) => encoder.encode(one));
      for (const report of reports) assert.equal(report.length, of.reportBytes);
      const decoder = new HidDecoder(of);
      const expected = messages.map((one) => Buffer.from(one).toString('hex'));
      assert.deepEqual(take(decoder, reports), expected);
      assert.equal(decoder.faultCount, 0);
      assert(reports.every((report) => report.every((byte) => byte === 0)));
    }),
  );
});

test('lost, repeated and damaged reports cost their own messages only: nothing that was not sent comes out', () => {
  const harm = fc.record({
    at: fc.nat(),
    how: fc.constantFrom('lose', 'repeat', 'damage', 'cut'),
    bit: fc.nat(),
  });
  fc.assert(
    fc.property(shape, fc.array(message, { minLength: 2, maxLength: 5 }), harm, (of, messages, harmed) => {
      const encoder = new HidEncoder(of);
      const reports = messages.flatMap((one) => encoder.encode(one));
      const at = harmed.at % reports.length;
      const report = reports[at]!;
      if (harmed.how === 'lose') reports.splice(at, 1);
      else if (harmed.how === 'repeat') reports.splice(at, 0, Buffer.from(report));
      else if (harmed.how === 'cut') reports[at] = Buffer.from(report.subarray(0, 5));
      else report[(harmed.bit >> 3) % report.length]! ^= 1 << (harmed.bit & 7);
      const decoder = new HidDecoder(of);
      const seen = take(decoder, reports);
      const sent = messages.map((one) => Buffer.from(one).toString('hex'));
      for (const one of seen) assert(sent.includes(one), 'a message that nobody sent');
      // One report is part of one message, and a wrong number there may make the next one look late.
      assert(seen.length >= messages.length - 2, `${seen.length} of ${messages.length}`);
      const late = encoder.encode(Uint8Array.of(7));
      take(decoder, encoder.encode(Uint8Array.of(8)));
      take(decoder, late);
      assert.deepEqual(take(decoder, encoder.encode(Uint8Array.of(9))), ['09']);
    }),
  );
});

test('a report that was lost is counted once, and the next message is read', () => {
  const of = { reportBytes: 64 };
  const [encoder, decoder] = [new HidEncoder(of), new HidDecoder(of)];
  const reports = encoder.encode(Buffer.alloc(200, 7));
  assert.ok(reports.length > 3);
  assert.deepEqual(take(decoder, reports.toSpliced(1, 1)), []);
  assert.deepEqual([decoder.faults['out of sequence'], decoder.faultCount], [1, 1]);
  assert.deepEqual(take(decoder, encoder.encode(Uint8Array.of(5))), ['05']);
  assert.equal(decoder.faultCount, 1);
});

test('a message longer than any may be is dropped without more memory, and the next one is read', () => {
  const of = { reportBytes: 1024 };
  const piece = pieceBytes(of);
  const decoder = new HidDecoder(of);
  const reports = Math.ceil(limits.bridgeMessageBytesMax / piece) + 5;
  for (let i = 0; i < reports; i++) {
    const report = Buffer.alloc(1024, 1);
    report[0] = i & 255;
    report.writeUInt16LE((i === 0 ? 0x8000 : 0) | piece, 1);
    assert.deepEqual(take(decoder, [report]), []);
  }
  assert.equal(decoder.faults['too long'], 1);
  const [next] = new HidEncoder(of).encode(Uint8Array.of(5));
  next![0] = reports & 255;
  assert.deepEqual(take(decoder, [next!]), ['05']);
});

test('random reports give no message and never more than a count', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 50 }), (reports) => {
      const decoder = new HidDecoder({ reportBytes: 64 });
      assert.deepEqual(take(decoder, reports), []);
    }),
  );
});

test('whatever key may be under way fits what Linux keeps of reports for a slow reader, with room for what needs no credit', () => {
  fc.assert(
    fc.property(shape, fc.integer({ min: 1, max: limits.bridgePartBytesMax }), (of, asked) => {
      const room = reportRoom(of);
      const partBytes = Math.min(asked, room.partBytesMax);
      const bytes = SecretBytes.alloc(partBytes);
      const part = { offset: limits.bridgeBlockBytesMax - 1, total: limits.bridgeBlockBytesMax };
      const number = 2 ** 38 - 1;
      const envelope = encodeMessage({ type: 'key_block', number, bytes, part, qber: 0.1 });
      const record = new Uint8Array(RECORD_EXTRA_BYTES + envelope.length);
      const reports = new HidEncoder(of).encode(record).length;
      assert(reports <= 12, `${reports} reports for a part of ${partBytes} bytes`);
      assert(reports * room.partsUnderWay(partBytes) <= 48);
      assert(room.partBytesMax >= limits.bridgePartBytesMin);
      assert.equal(room.partsUnderWay(room.partBytesMax), 4);
    }),
  );
});

test('reports with another ID, which the device has for something else, change nothing', () => {
  const decoder = new HidDecoder({ reportBytes: 64, reportId: 5 });
  const reports = new HidEncoder({ reportBytes: 64, reportId: 5 }).encode(Buffer.alloc(200, 7));
  const other = Buffer.from([1, 0, 1, 2, 3, 4, 5, 6]);
  const mixed = reports.flatMap((report) => [Buffer.from(other), report]);
  assert.deepEqual(take(decoder, mixed), [Buffer.alloc(200, 7).toString('hex')]);
  assert.equal(decoder.faultCount, 0);
});
