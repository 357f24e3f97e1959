import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Draft } from '../../src/kx/codec/draft.ts';
import { bytes, region } from '../../src/kx/codec/engine.ts';
import { JsonView } from '../../src/kx/codec/json-view.ts';
import { coverKeys, findKeys, type KeyTable, uncoverKeys } from '../../src/kx/codec/key-table.ts';
import { rangesOf } from './framed.ts';
import { xor } from './naive.ts';

const keys = fc.array(fc.uint8Array({ minLength: 1, maxLength: 130 }), { minLength: 1, maxLength: 8 });
const padSource = fc.uint8Array({ minLength: 1040, maxLength: 1080 });

/** A payload with keys, in memory of the codec's own or elsewhere. */
function payloadOf(all: readonly Uint8Array[], inside: boolean): { payload: Buffer; table: KeyTable } {
  const elements = all.map((key, i) => ({ key_ID: `${i}`, key: Buffer.from(key).toString('base64') }));
  const text = Buffer.from(JSON.stringify({ before: 1, keys: elements, after: 'x' }));
  const payload = inside ? Draft.of(text).payload : text;
  const view = JsonView.of(payload);
  assert.ok(view instanceof JsonView);
  return { payload, table: findKeys(view.member('keys')!)! };
}

const whole = (all: readonly Uint8Array[]) => Buffer.concat(all);
const cut = (all: readonly Uint8Array[], bytes: Buffer) => {
  let at = 0;
  return all.map(({ length }) => {
    at += length;
    return bytes.subarray(at - length, at);
  });
};

for (const inside of [true, false]) {
  const where = inside ? 'in the memory of the codec' : 'in memory elsewhere';

  test(`pad is laid on each key in order, byte by byte, and nowhere else, ${where}`, () => {
    fc.assert(
      fc.property(keys, padSource, (all, pad) => {
        const { payload, table } = payloadOf(all, inside);
        coverKeys(payload, table, pad);
        const covered = cut(all, xor(whole(all), pad));
        assert.equal(payload.toString(), payloadOf(covered, false).payload.toString());
        assert.equal(table.bytes, whole(all).length);
        assert.deepEqual(
          rangesOf({ keys: table }).map(({ bytes }) => bytes),
          all.map(({ length }) => length),
        );
      }),
    );
  });

  test(`keys come out from under their pad as they went in, ${where}`, () => {
    fc.assert(
      fc.property(keys, padSource, (all, pad) => {
        const { payload, table } = payloadOf(cut(all, xor(whole(all), pad)), inside);
        const target = Buffer.alloc(table.bytes);
        uncoverKeys(payload, table, pad, target);
        assert.deepEqual(target, whole(all));
      }),
    );
  });

  test(`pad laid on twice is off again, ${where}`, () => {
    fc.assert(
      fc.property(keys, padSource, (all, pad) => {
        const { payload, table } = payloadOf(all, inside);
        const before = Buffer.from(payload);
        coverKeys(payload, table, pad);
        coverKeys(payload, table, pad);
        assert.deepEqual(Buffer.from(payload), before);
      }),
    );
  });
}

test('two payloads can be worked on in turn', () => {
  const [one, other] = [payloadOf([Buffer.alloc(33, 1)], true), payloadOf([Buffer.alloc(5, 2)], true)];
  const pad = Buffer.alloc(64, 9);
  for (const { payload, table } of [one, other, one, other]) coverKeys(payload, table, pad);
  assert.equal(one.payload.toString(), payloadOf([Buffer.alloc(33, 1)], false).payload.toString());
  assert.equal(other.payload.toString(), payloadOf([Buffer.alloc(5, 2)], false).payload.toString());
});

test('neither pads nor keys stay where the loops work', () => {
  const { payload, table } = payloadOf([Buffer.alloc(130, 1), Buffer.alloc(7, 2)], true);
  const clean = () =>
    [region.pad, region.keys].every((at) => bytes.subarray(at, at + 200).every((byte) => byte === 0));
  coverKeys(payload, table, Buffer.alloc(200, 9));
  assert.ok(clean());
  coverKeys(payload, table, Buffer.alloc(200, 9), Buffer.alloc(200, 8));
  assert.ok(clean());
  uncoverKeys(payload, table, Buffer.alloc(200, 8), Buffer.alloc(table.bytes));
  assert.ok(clean());
});
