import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeFrame, FrameDecoder, frameBytesMax } from '../../firmware-bridge/framing.ts';
import { limits } from '../../src/limits.ts';
import { naiveFrame } from './naive.ts';

/** Bytes in which zeros and long runs without one are both common. */
const messageBytes = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 600 }),
  fc.uint8Array({ min: 1, minLength: 240, maxLength: 1100 }),
  fc.array(fc.constantFrom(0, 0, 1, 255), { minLength: 1, maxLength: 600 }).map((a) => Uint8Array.from(a)),
);

function unframe(chunks: Iterable<Uint8Array>, decoder = new FrameDecoder()): string[] {
  const seen: string[] = [];
  for (const chunk of chunks)
    decoder.push(Buffer.from(chunk), (message) => seen.push(message.toString('hex')));
  return seen;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('a frame is what the independent encoder makes, holds one zero and fits its bound', () => {
  fc.assert(
    fc.property(messageBytes, (message) => {
      const frame = encodeFrame(message);
      assert.equal(hex(frame), hex(Uint8Array.from(naiveFrame([...message]))));
      assert.equal(frame.indexOf(0), frame.length - 1);
      assert(frame.length <= frameBytesMax(message.length));
    }),
    { numRuns: 300 },
  );
});

test('messages come out the same however the stream is split', () => {
  fc.assert(
    fc.property(
      fc.array(messageBytes, { minLength: 1, maxLength: 5 }),
      fc.infiniteStream(fc.nat(400)),
      (messages, cuts) => {
        const stream = Buffer.concat(messages.map((message) => encodeFrame(message)));
        const chunks: Uint8Array[] = [];
        for (let at = 0; at < stream.length; ) {
          const length = cuts.next().value;
          chunks.push(stream.subarray(at, at + length));
          at += length;
        }
        assert.deepEqual(unframe(chunks), messages.map(hex));
      },
    ),
    { numRuns: 300 },
  );
});

test('every single split point of a frame gives the same message', () => {
  const message = Uint8Array.from({ length: 520 }, (_, i) => (i % 7 === 0 ? 0 : i & 255));
  const frame = encodeFrame(message);
  for (let at = 0; at <= frame.length; at++) {
    assert.deepEqual(unframe([frame.subarray(0, at), frame.subarray(at)]), [hex(message)]);
  }
});

test('garbage never throws, and the next good frame after a delimiter is read', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), messageBytes, (garbage, message) => {
      const seen = unframe([garbage, Buffer.of(0), encodeFrame(message)]);
      assert.equal(seen.at(-1), hex(message));
    }),
    { numRuns: 300 },
  );
});

test('a frame with any one bit inverted is dropped, and what follows is read', () => {
  const message = Uint8Array.from({ length: 40 }, (_, i) => (i * 37) & 255);
  const frame = encodeFrame(message);
  const next = Buffer.of(1, 2, 3);
  for (let bit = 0; bit < (frame.length - 1) * 8; bit++) {
    const damaged = Buffer.from(frame);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    const decoder = new FrameDecoder();
    assert.deepEqual(unframe([damaged, encodeFrame(next)], decoder), [hex(next)], `bit ${bit}`);
    assert(decoder.faultCount >= 1);
  }
});

test('faults are told apart', () => {
  const decoder = new FrameDecoder();
  const good = encodeFrame(Buffer.of(1, 2, 3));
  good[2]! ^= 4;
  unframe([good, Buffer.of(5, 1, 2, 0), Buffer.of(2, 1, 0), Buffer.of(0, 0, 0)], decoder);
  assert.deepEqual(decoder.faults, { 'check sum': 1, 'too long': 0, 'too short': 1, 'broken stuffing': 1 });
});

test('a frame longer than the bound is dropped once, without memory for it', () => {
  const decoder = new FrameDecoder();
  const endless = Buffer.alloc(1 << 20, 0xff);
  const next = Buffer.of(7);
  assert.deepEqual(unframe([endless, endless, Buffer.of(0), encodeFrame(next)], decoder), [hex(next)]);
  assert.equal(decoder.faults['too long'], 1);
  assert.equal(decoder.faultCount, 1);
});

test('a message of the greatest length passes, one byte more is refused', () => {
  const longest = new Uint8Array(limits.bridgeMessageBytesMax).fill(9);
  assert.deepEqual(unframe([encodeFrame(longest)]), [hex(longest)]);
  assert.throws(() => encodeFrame(new Uint8Array(limits.bridgeMessageBytesMax + 1)));
  assert.throws(() => encodeFrame(new Uint8Array(0)));
});

test('the decoder wipes the chunk, and the message after it was read', () => {
  const chunk = encodeFrame(Buffer.from('key'));
  let lent: Buffer | undefined;
  new FrameDecoder().push(chunk, (message) => {
    assert.equal(message.toString(), 'key');
    lent = message;
  });
  assert(chunk.every((byte) => byte === 0));
  assert(lent?.every((byte) => byte === 0));
});
