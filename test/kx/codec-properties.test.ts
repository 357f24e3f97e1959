import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { encoded, padded, SPELLINGS, scanned, talk, transitStep, verdictOf } from './codec-under-test.ts';
import { completion, keyFiles, relay } from './fault-vectors/message.ts';
import { FIRST, GREETING, sealed, UNIT, unitsOf } from './fault-vectors/setting.ts';
import { frame, xor } from './naive.ts';
import { naiveJson } from './naive-json.ts';
import { naiveVerdict } from './naive-receiver.ts';

const ends = { sender: 'A', receiver: 'B', units: unitsOf };
const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const id = fc.stringMatching(/^[A-Za-z0-9._:-]{1,64}$/);
const good = [
  sealed(JSON.stringify(relay())),
  sealed(JSON.stringify(completion()), { messageId: 3, command: 0x1102 }),
  frame(4, 0x11fe, '{}'),
  frame(5, 0x1101, Buffer.alloc(0xffff, 0x20)),
  frame(6, 0x1103, ''),
  frame(7, 0x11f2, '{"blocks":[[12,"differs",""]]}'),
];
const stream = Buffer.concat([GREETING, ...good]);

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    if (at >= bytes.length) break;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  if (at < bytes.length) chunks.push(bytes.subarray(at));
  return chunks;
}

describe('a connection', () => {
  test('delivers the same messages wherever the stream is cut', () => {
    const whole = talk([stream]);
    assert.equal(whole.messages.length, 5);
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 70_000 })));
    fc.assert(
      fc.property(sizes, (some) => {
        assert.deepEqual(talk(cut(stream, some)), whole);
      }),
    );
  });

  const damage = fc.record({
    at: fc.nat(),
    byte: fc.nat(255),
    what: fc.constantFrom('set', 'cut', 'insert'),
  });
  for (const plain of [false, true])
    test(`${plain ? 'with a plain peer' : 'with a keyferry peer'} is never broken by junk: it closes or goes on`, () => {
      const junk = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...good, GREETING));
      fc.assert(
        fc.property(fc.array(junk, { maxLength: 8 }), fc.array(damage, { maxLength: 4 }), (parts, hurts) => {
          let bytes = Buffer.concat([...(plain ? [] : [GREETING]), ...parts]);
          for (const { at, byte, what } of hurts) {
            const place = at % (bytes.length + 1);
            const behind = bytes.subarray(what === 'insert' ? place : place + 1);
            const here = what === 'cut' ? [] : [byte];
            bytes = Buffer.concat([bytes.subarray(0, place), Buffer.from(here), behind]);
          }
          const { messages, sent, closed } = talk(cut(bytes, [7, 100, 3]), plain);
          for (const message of messages) verdictOf(message, ends);
          assert.ok(closed === undefined || closed.length > 0);
          assert.ok(
            sent.length <= messages.length + bytes.length / 10 + 2,
            'an answer for a message at most',
          );
        }),
        { numRuns: 400 },
      );
    });
});

describe('what is written is read as it was', () => {
  for (const names of SPELLINGS)
    test(`with names spelt ${names}`, () => {
      const block = fc.record({ number: fc.nat(), epoch: fc.nat(), floor: fc.nat() });
      const message = fc.tuple(id, id, fc.array(id, { maxLength: 16 }), fc.uuid(), block);
      const keys = fc.array(bytesOf(UNIT), { minLength: 1, maxLength: 6 });
      fc.assert(
        fc.property(message, keys, ([source, destination, transit, request, where], some) => {
          const firstId = '0d5e4c1a-9b77-4e02-8f3d-aa00000000ff';
          const made = encoded.relay(
            { source, destination, transit, request, block: where },
            firstId,
            some,
            names,
          );
          const pad = unitsOf([[4, FIRST + 1, some.length]])!;
          const verdict = verdictOf({ command: 0x1101, messageId: 1, frame: made }, ends);
          const expected = naiveVerdict(0x1101, made, ends);
          assert.deepEqual(verdict, expected);
          assert.ok(verdict.outcome === 'accepted');
          const seen = verdict.seen as Record<string, unknown>;
          const all = Buffer.concat(some);
          assert.equal((seen['keys'] as string[]).join(''), xor(all, pad).toString('hex'));
          const { ids, keys: _, ...others } = seen;
          assert.equal((ids as string[])[0], firstId);
          assert.deepEqual(others, { source, destination, transit, request, block: { ...where } });
        }),
        { numRuns: 60 },
      );
    });

  test('a completion, in every spelling', () => {
    const words = fc.string({ minLength: 1, maxLength: 64 });
    fc.assert(
      fc.property(words, fc.uuid(), fc.constantFrom(...SPELLINGS), (response, request, names) => {
        const made = encoded.completion(response, request, names);
        const verdict = verdictOf({ command: 0x1102, messageId: 1, frame: made }, ends);
        assert.deepEqual(verdict, { outcome: 'accepted', seen: { response, request, keys: [] } });
      }),
    );
  });

  test('proposals and answers', () => {
    const row = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 1 << 20 }), fc.nat(), bytesOf(16));
    fc.assert(
      fc.property(fc.array(row, { maxLength: 20 }), fc.nat(), (rows, floor) => {
        const made = encoded.proposals(rows, floor);
        const shown = rows.map(([number, bytes, epoch, tag]) => [number, bytes, epoch, hex(tag)]);
        const verdict = verdictOf({ command: 0x11f1, messageId: 1, frame: made }, ends);
        assert.deepEqual(verdict, { outcome: 'accepted', seen: { rows: shown } });
        const answers = encoded.answers(rows.map(([number, , , tag]) => [number, tag] as const));
        const answered = rows.map(([number, , , tag]) => [number, 'ready', hex(tag)]);
        const heard = verdictOf({ command: 0x11f2, messageId: 1, frame: answers }, ends);
        assert.deepEqual(heard, { outcome: 'accepted', seen: { rows: answered } });
      }),
    );
  });
});

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('the JSON reader and JSON.parse', () => {
  const agree = (text: string | Buffer) => {
    const payload = Buffer.from(text);
    const naive = naiveJson(payload);
    const ours = scanned(payload);
    assert.equal(
      'value' in ours,
      naive !== undefined,
      `${JSON.stringify(ours)} ${payload.toString('latin1')}`,
    );
    if ('value' in ours) assert.deepEqual(ours.value, naive!.value);
  };
  const json = fc.dictionary(
    fc.string({ unit: 'binary', maxLength: 6 }),
    fc.jsonValue({ stringUnit: 'binary' }),
  );

  test('agree on objects, and on objects with damage', () => {
    const letters = [...'{}[]",:\\ -+.0e1u\n\t\0\x1f/tfn', '\ufeff', 'é'];
    const hurt = fc.array(fc.tuple(fc.nat(), fc.constantFrom(...letters), fc.boolean()), { maxLength: 2 });
    fc.assert(
      fc.property(json, hurt, (value, hurts) => {
        let text = JSON.stringify(value);
        for (const [where, letter, insert] of hurts) {
          const at = where % (text.length + 1);
          text = text.slice(0, at) + letter + text.slice(insert ? at : at + 1);
        }
        agree(text);
      }),
      { numRuns: 1500 },
    );
  });

  test('agree on any run of tokens', () => {
    const token = fc.constantFrom(
      ...['{', '}', '[', ']', ',', ':', ' ', '\n', '"a"', '"b"', '"\\u0061"', '""', '"\\/"', '"\\ud800"'],
      ...[
        '0',
        '-0',
        '1',
        '01',
        '1.5',
        '-',
        '1e5',
        '1E+',
        '.5',
        'true',
        'false',
        'null',
        'nul',
        '"é"',
        '\u00a0',
      ],
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 14 }), (tokens) => {
        agree(`{${tokens.join('')}}`);
        agree(`{"x":[${tokens.join('')}]}`);
      }),
      { numRuns: 3000 },
    );
  });

  test('agree on any bytes in a string', () => {
    const some = fc.array(
      fc.constantFrom(
        0x22,
        0x5c,
        0x75,
        0x7f,
        0x80,
        0xbf,
        0xc0,
        0xc3,
        0xe0,
        0xed,
        0xa0,
        0xf0,
        0xf4,
        0x90,
        0x8f,
      ),
    );
    fc.assert(
      fc.property(some, (bytes) =>
        agree(Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')])),
      ),
      { numRuns: 3000 },
    );
  });
});

test('a transit step changes nothing before the hop entry but the letters of keys', () => {
  const key = fc.uint8Array({ minLength: 1, maxLength: 70 });
  const more = fc.dictionary(fc.stringMatching(/^v[a-z]{1,5}$/), fc.jsonValue({ maxDepth: 2 }), {
    maxKeys: 3,
  });
  const extension = fc.option(fc.dictionary(fc.string({ maxLength: 6 }), fc.jsonValue({ maxDepth: 2 })), {
    nil: undefined,
  });
  const files = fc.array(fc.tuple(key, extension), { minLength: 1, maxLength: 6 });
  let extended = 0;
  fc.assert(
    fc.property(files, more, bytesOf(600), (some, vendor, pad) => {
      const keys = some.map(([one]) => Buffer.from(one));
      const bytes = Buffer.concat(keys).length;
      const entries = keyFiles(keys, []).map((entry, i) => ({ ...entry, key_extension: some[i]![1] }));
      extended += some.filter(([, one]) => one !== undefined).length;
      const members = { ...vendor, ...relay({ keys: entries }, bytes) };
      const came = sealed(JSON.stringify(members));
      const after = Buffer.from(pad);
      const units = 1 + Math.ceil(bytes / UNIT);
      const { frame: went, hopStart } = transitStep(came, unitsOf, after)!;
      // Every key's text by the text of its bytes under the other pad; nothing else.
      let expected = came.toString('latin1', 10, 10 + hopStart);
      const letters = keys.map((_, i) => (members['keys'] as { key: string }[])[i]!.key);
      let at = 0;
      for (const [i, one] of keys.entries()) {
        const text = xor(one, after.subarray(32 + at, 32 + at + one.length)).toString('base64');
        const place = expected.indexOf(`"key-${i}","key":"${letters[i]}"`);
        assert.ok(place >= 0);
        const start = place + `"key-${i}","key":"`.length;
        expected = expected.slice(0, start) + text + expected.slice(start + text.length);
        at += one.length;
      }
      assert.equal(went.toString('latin1', 10, 10 + hopStart), expected);
      const there = { sender: 'B', receiver: 'C', units: () => after.subarray(0, 32 * units) };
      const verdict = naiveVerdict(0x1101, went, there);
      assert.ok(verdict.outcome === 'accepted');
      assert.deepEqual(
        (verdict.seen as { keys: unknown }).keys,
        keys.map((one) => one.toString('hex')),
      );
    }),
    { numRuns: 100 },
  );
  assert.ok(extended > 100, 'key extensions are among it');
});

test('pad is changed in place as if the key were decoded, XORed and encoded, for every length from 1 to 100', () => {
  fc.assert(
    fc.property(bytesOf(101), bytesOf(128), bytesOf(128), (source, before, after) => {
      for (let length = 1; length <= 100; length++) {
        const key = Buffer.from(source.subarray(0, length));
        const expected = xor(xor(key, before), after).toString('base64');
        const lead = Buffer.from(source.subarray(0, 101 - length));
        const shown = [Buffer.alloc(lead.length).toString('base64'), expected];
        assert.deepEqual(padded([lead, key], Buffer.concat([lead, xor(before, after)])), shown);
        const nothing = Buffer.alloc(lead.length);
        const [off, on] = [Buffer.concat([nothing, before]), Buffer.concat([lead, after])];
        assert.deepEqual(padded([lead, key], on, off), shown, 'in one step');
      }
    }),
    { numRuns: 15 },
  );
});
