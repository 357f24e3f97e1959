import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FrameReader, type Pull } from '../../src/kx/codec/frame-reader.ts';
import { frame, header } from './naive.ts';

type Seen = { messageId: number; command: number; payload: string };

const anyCommand = () => true;
const frames = [frame(1, 0x1101, 'one'), frame(2, 0x11fe, ''), frame(3, 0x1102, 'a longer one')];
const stream = Buffer.concat(frames);

function drain(reader: FrameReader): { seen: Seen[]; end: Pull } {
  const seen: Seen[] = [];
  for (;;) {
    const pull = reader.pull();
    if (pull.kind !== 'frame') return { seen, end: pull };
    const { messageId, command, length } = pull.header;
    assert.equal(pull.payload.length, length);
    assert.deepEqual(Buffer.from(pull.headerBytes), header(messageId, command, length));
    seen.push({ messageId, command, payload: pull.payload.toString() });
  }
}

function feed(reader: FrameReader, chunks: readonly Buffer[]): Seen[] {
  return chunks.flatMap((chunk) => {
    reader.push(Buffer.from(chunk));
    return drain(reader).seen;
  });
}

const whole = feed(new FrameReader(anyCommand), [stream]);

describe('frames', () => {
  test('come out of one chunk in order', () => {
    assert.deepEqual(
      whole.map((one) => one.payload),
      ['one', '', 'a longer one'],
    );
  });

  test('come out alike wherever the stream is cut in two or three', () => {
    for (let a = 0; a <= stream.length; a++)
      for (let b = a; b <= stream.length; b++) {
        const cut = [stream.subarray(0, a), stream.subarray(a, b), stream.subarray(b)];
        assert.deepEqual(feed(new FrameReader(anyCommand), cut), whole, `cut at ${a} and ${b}`);
      }
  });

  test('come out alike byte by byte', () => {
    const bytes = [...stream].map((byte) => Buffer.from([byte]));
    assert.deepEqual(feed(new FrameReader(anyCommand), bytes), whole);
  });

  test('come out alike for any frames and any cuts', () => {
    const messages = fc.array(fc.tuple(fc.nat(0xffff), fc.uint8Array({ maxLength: 60 })), { maxLength: 6 });
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 25 })), (some, sizes) => {
        const all = Buffer.concat(some.map(([id, payload]) => frame(id, 0x1101, Buffer.from(payload))));
        const chunks: Buffer[] = [];
        let rest = all;
        for (const size of sizes) {
          chunks.push(rest.subarray(0, size));
          rest = rest.subarray(size);
        }
        chunks.push(rest);
        assert.deepEqual(feed(new FrameReader(anyCommand), chunks), feed(new FrameReader(anyCommand), [all]));
        assert.equal(feed(new FrameReader(anyCommand), [all]).length, some.length);
      }),
    );
  });

  test('of the greatest length pass', () => {
    const payload = Buffer.alloc(0xffff, 'x');
    const seen = feed(new FrameReader(anyCommand), [frame(1, 0x1101, payload), frame(2, 0x1101, 'y')]);
    assert.deepEqual(
      seen.map((one) => one.payload.length),
      [0xffff, 1],
    );
  });
});

describe('a frame', () => {
  test('in one chunk is a view of it', () => {
    const reader = new FrameReader(anyCommand);
    const chunk = Buffer.from(stream);
    reader.push(chunk);
    const pull = reader.pull();
    assert.ok(pull.kind === 'frame');
    chunk[10] = 0x58;
    assert.equal(pull.payload.toString(), 'Xne');
  });

  test('over several chunks is in memory of its own, of exactly its size', () => {
    const reader = new FrameReader(anyCommand);
    const [a, b] = [Buffer.from(stream.subarray(0, 11)), Buffer.from(stream.subarray(11))];
    reader.push(a);
    assert.equal(reader.pull().kind, 'need-more');
    reader.push(b);
    const pull = reader.pull();
    assert.ok(pull.kind === 'frame');
    a.fill(0);
    b.fill(0);
    assert.equal(pull.payload.toString(), 'one');
    assert.equal(pull.payload.buffer, pull.headerBytes.buffer);
    assert.equal(pull.payload.buffer.byteLength, 13);
  });

  test('is not shared with the next one that is gathered', () => {
    const reader = new FrameReader(anyCommand);
    const seen: Buffer[] = [];
    for (const byte of stream) {
      reader.push(Buffer.from([byte]));
      const pull = reader.pull();
      if (pull.kind === 'frame') seen.push(pull.payload);
    }
    assert.deepEqual(seen.map(String), ['one', '', 'a longer one']);
    assert.equal(new Set(seen.map((one) => one.buffer)).size, 3);
  });
});

describe('a bad frame', () => {
  const cases: [string, Buffer, string][] = [
    ['of another version', Buffer.from('00020000000111010002', 'hex'), 'version'],
    ['of version 0x0100, the bytes swapped', Buffer.from('01000000000111010002', 'hex'), 'version'],
    ['with an unknown command', header(1, 0x1105, 0xffff), 'command'],
  ];
  for (const [name, bytes, reason] of cases)
    test(`${name} is bad as soon as its header is there, and for good`, () => {
      for (let at = 0; at <= bytes.length; at++) {
        const reader = new FrameReader((code) => code === 0x1101);
        const seen = feed(reader, [frame(1, 0x1101, 'good'), bytes.subarray(0, at), bytes.subarray(at)]);
        assert.equal(seen.length, 1);
        assert.deepEqual(reader.pull(), { kind: 'bad', reason });
        reader.push(frame(2, 0x1101, 'good again'));
        assert.deepEqual(reader.pull(), { kind: 'bad', reason });
      }
    });

  test('is not judged before its header is whole', () => {
    const reader = new FrameReader(anyCommand);
    reader.push(Buffer.from('ffff00000001110100', 'hex'));
    assert.equal(reader.pull().kind, 'need-more');
  });
});

test('random bytes never throw, and end in a fault or in waiting', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 30 })), (chunks) => {
      const reader = new FrameReader((code) => code === 0x1101);
      feed(
        reader,
        chunks.map((chunk) => Buffer.from(chunk)),
      );
      assert.notEqual(reader.pull().kind, 'frame');
    }),
  );
});
