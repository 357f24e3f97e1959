import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isInside } from '../../src/kx/codec/engine.ts';
import type { Frame } from '../../src/kx/codec/frame.ts';
import { FrameReader } from '../../src/kx/codec/frame-reader.ts';
import { copied, freeSlots, giveMemory, takeMemory } from '../../src/kx/codec/slots.ts';
import { limits } from '../../src/limits.ts';
import { frame, header } from './naive.ts';

type Seen = { messageId: number; command: number; payload: string };

const anyCommand = (): boolean => true;
const frames = [frame(1, 0x1101, 'one'), frame(2, 0x11fe, ''), frame(3, 0x1102, 'a longer one')];
const stream = Buffer.concat(frames);

function drain(reader: FrameReader): Seen[] {
  const seen: Seen[] = [];
  for (let frame = reader.pull(); frame !== undefined; frame = reader.pull()) {
    const { payload, headerBytes } = frame;
    const { messageId, command, length } = frame.header;
    assert.equal(payload.length, length);
    assert.deepEqual(Buffer.from(headerBytes), header(messageId, command, length));
    seen.push({ messageId, command, payload: payload.toString() });
  }
  return seen;
}

function feed(reader: FrameReader, chunks: readonly Buffer[]): Seen[] {
  return chunks.flatMap((chunk) => {
    reader.push(Buffer.from(chunk));
    return drain(reader);
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
    const pulled = reader.pull();
    chunk[10] = 0x58;
    assert.equal(pulled?.payload.toString(), 'Xne');
  });

  test('over several chunks is gathered once, in memory that the next one uses again', () => {
    const reader = new FrameReader(anyCommand);
    const before = copied.bytes;
    const places = new Set<number>();
    const seen: string[] = [];
    for (const byte of stream) {
      reader.push(Buffer.from([byte]));
      const pulled = reader.pull();
      if (pulled === undefined) continue;
      seen.push(pulled.payload.toString());
      places.add(pulled.headerBytes.byteOffset);
    }
    assert.deepEqual(seen, ['one', '', 'a longer one']);
    assert.equal(places.size, 1);
    assert.equal(copied.bytes - before, stream.length);
  });

  for (const [where, sizes] of [
    ['in one chunk', [stream.length]],
    ['over several chunks', [5, 14, stream.length]],
  ] as const) {
    const cut = () => sizes.map((to, i) => Buffer.from(stream.subarray(sizes[i - 1] ?? 0, to)));
    test(`${where} is overwritten when its time is over, where that is asked for`, () => {
      const reader = new FrameReader(anyCommand, true);
      const seen: Buffer[] = [];
      for (const chunk of cut()) {
        reader.push(chunk);
        for (let pulled = reader.pull(); pulled !== undefined; pulled = reader.pull()) {
          assert.notEqual(pulled.headerBytes.readUInt32BE(2), 0);
          seen.push(pulled.payload);
        }
      }
      assert.deepEqual(seen.map(String), ['\0\0\0', '', '\0'.repeat(12)]);
    });

    test(`${where} is its keeper's, with room behind it, until that one is done with it`, () => {
      const before = freeSlots();
      const reader = new FrameReader(anyCommand, true);
      const kept: Frame[] = [];
      for (const chunk of cut()) {
        reader.push(chunk);
        for (let pulled = reader.pull(); pulled !== undefined; pulled = reader.pull())
          kept.push(pulled.keep());
      }
      assert.deepEqual(
        kept.map(({ payload }) => payload.toString()),
        ['one', '', 'a longer one'],
      );
      const views = kept.map(({ payload }) => payload);
      assert.ok(views.every((view) => isInside(view)));
      const memories = kept.map((frame) => frame.takeMemory());
      assert.ok(
        memories.every((memory, i) => memory.length >= 10 + views[i]!.length + limits.hopEntryBytesMax),
      );
      for (const memory of memories) giveMemory(memory);
      assert.deepEqual(views.map(String), ['\0\0\0', '', '\0'.repeat(12)]);
      reader[Symbol.dispose]();
      assert.deepEqual(freeSlots(), before);
    });
  }
});

describe('where key may come in the clear, a chunk is wiped', () => {
  const isWiped = (chunk: Buffer) => chunk.every((byte) => byte === 0);
  const taken = (chunk: Buffer, allowed = anyCommand) => {
    const reader = new FrameReader(allowed, true);
    reader.push(chunk);
    while (reader.pull() !== undefined);
    return reader;
  };

  test('with the next one, also what is only the beginning of a frame', () => {
    for (const length of [5, 12, 20, stream.length - 1]) {
      const chunk = Buffer.from(stream.subarray(0, length));
      using reader = taken(chunk);
      assert.ok(!isWiped(chunk), 'it is what the reader has of the frame');
      reader.push(Buffer.from(stream.subarray(length)));
      assert.ok(isWiped(chunk), `${length} bytes`);
    }
  });

  test('when the connection is over', () => {
    const chunk = Buffer.from(stream.subarray(0, 12));
    taken(chunk)[Symbol.dispose]();
    assert.ok(isWiped(chunk));
  });

  test('with what comes after a fault', () => {
    const chunk = Buffer.from(stream);
    assert.equal(taken(chunk, () => false).fault, 'command');
    assert.ok(isWiped(chunk));
  });
});

test('memory that is given back is wiped as far as it may have been written to', () => {
  const before = freeSlots();
  const shortest = 2 << 10;
  for (const [length, used, written] of [
    [100, 10, shortest],
    [shortest, 1_500, shortest],
    [shortest + 1, 2_000, 2_000 + limits.hopEntryBytesMax],
    [50_000, 40_000, 40_000 + limits.hopEntryBytesMax],
    [100_000, 100_000, 100_000],
  ] as const) {
    const memory = takeMemory(length);
    memory.fill(7, 0, written);
    giveMemory(memory.subarray(0, used));
    assert.ok(
      memory.every((byte) => byte === 0),
      `${used} bytes of ${memory.length}`,
    );
  }
  assert.deepEqual(freeSlots(), before);
});

test('a frame that is kept twice is two frames', () => {
  const reader = new FrameReader(anyCommand);
  reader.push(Buffer.from(stream.subarray(0, 11)));
  reader.pull();
  reader.push(Buffer.from(stream.subarray(11)));
  const lent = reader.pull()!;
  using one = lent.keep();
  using other = lent.keep();
  assert.notEqual(one.payload.byteOffset, other.payload.byteOffset);
  assert.deepEqual([one.payload.toString(), other.payload.toString()], ['one', 'one']);
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
        assert.deepEqual([reader.pull(), reader.fault], [undefined, reason]);
        reader.push(frame(2, 0x1101, 'good again'));
        assert.deepEqual([reader.pull(), reader.fault], [undefined, reason]);
      }
    });

  test('is not judged before its header is whole', () => {
    const reader = new FrameReader(anyCommand);
    reader.push(Buffer.from('ffff00000001110100', 'hex'));
    assert.deepEqual([reader.pull(), reader.fault], [undefined, undefined]);
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
      assert.equal(reader.pull(), undefined);
    }),
  );
});
