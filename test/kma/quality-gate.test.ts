import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { healthFault } from '../../src/kma/health-tests.ts';
import { numbersOf, QualityGate } from '../../src/kma/quality-gate.ts';
import { limits } from '../../src/limits.ts';
import { keyOf } from '../store/temp-store.ts';

const MIB = limits.blockBytesMax;
const key = (units = 8): Buffer => keyOf(1, units).view();
const gate = (qberMax?: number) => new QualityGate(qberMax);

test('eight equal bytes in a row pass, nine do not, wherever they are', () => {
  for (const at of [0, 500, 1015]) {
    const bytes = key(32);
    bytes.fill(0xa5, at, at + 8);
    bytes[at + 8] = 0x5a;
    if (at > 0) bytes[at - 1] = 0x5a;
    assert.equal(healthFault(bytes), undefined);
    bytes[at + 8] = 0xa5;
    assert.equal(healthFault(bytes), 'repetition');
  }
});

test('a byte that is 27 times in a window of 512 fails, 26 times it passes, and windows do not run together', () => {
  const spread = (count: number, from: number): Buffer => {
    const bytes = Buffer.from(Array.from({ length: 1024 }, (_, i) => 1 + (i % 200)));
    bytes[0] = 255;
    bytes[512] = 255;
    for (let i = 1; i < count; i++) bytes[from + 3 * i] = 255;
    return bytes;
  };
  assert.equal(healthFault(spread(26, 0)), undefined);
  assert.equal(healthFault(spread(27, 0)), 'proportion');
  assert.equal(healthFault(spread(27, 512)), 'proportion');
  assert.equal(healthFault(spread(50, 440)), undefined);
});

test('stuck and biased key is caught, sound key is not', () => {
  assert.equal(healthFault(Buffer.alloc(128)), 'repetition');
  assert.equal(healthFault(Buffer.from(Array.from({ length: 1024 }, (_, i) => (i & 1) * 255))), 'proportion');
  const biased = randomBytes(4096).map((byte) => byte & 0x0f);
  assert.equal(healthFault(biased), 'proportion');
  for (let i = 0; i < 8; i++) assert.equal(healthFault(randomBytes(1 << 20)), undefined);
});

test('the error rate is judged by the block, up to the limit, and only where there is one', () => {
  const of = (qberMax: number | undefined, qber: number | undefined) =>
    gate(qberMax).judge({ number: 1, bytes: key(), qber })?.code;
  assert.equal(of(undefined, 0.4), undefined);
  assert.equal(of(0.08, 0.08), undefined);
  assert.equal(of(0.08, 0.0801), 'qber');
  assert.equal(of(0.08, undefined), 'qber_unknown');
  assert.equal(of(0.08, Number.NaN), 'qber');
});

test('a block takes one number for each MiB begun, and no two blocks share one', () => {
  assert.deepEqual([1, MIB, MIB + 1, 12_500_000, 16 * MIB].map(numbersOf), [1, 1, 2, 12, 16]);
  const long = randomBytes(3 * MIB);
  const judge = (g: QualityGate, number: number, bytes: Uint8Array) =>
    g.judge({ number, bytes, qber: undefined })?.code;
  for (const [number, bytes, code] of [
    [9, key(), undefined],
    [10, long, undefined],
    [10, key(), 'overlap'],
    [12, key(), 'overlap'],
    [13, key(), undefined],
    [8, long, 'overlap'],
    [limits.blockNumberMax, key(), undefined],
    [limits.blockNumberMax - 1, long, 'number'],
  ] as const) {
    const g = gate();
    assert.equal(judge(g, 10, long), undefined);
    assert.equal(judge(g, number, bytes), code, `block ${number} of ${bytes.length} bytes`);
  }
});

test('a block of which no key would be left is refused, one of a single key passes', () => {
  const of = (bytes: Buffer) => gate().judge({ number: 1, bytes, qber: undefined })?.code;
  assert.equal(of(key(3)), 'length');
  assert.equal(of(key(4).subarray(0, -1)), 'length');
  assert.equal(of(key(4)), undefined);
});

test('a refused block takes no numbers, and what is remembered is bounded', () => {
  const g = gate();
  assert.equal(g.judge({ number: 4, bytes: Buffer.alloc(256), qber: undefined })?.code, 'repetition');
  assert.equal(g.judge({ number: 3, bytes: randomBytes(2 * MIB), qber: undefined }), undefined);
  for (let number = 100; number < 100 + limits.gateBlocksRemembered; number++) {
    g.judge({ number, bytes: key(), qber: undefined });
  }
  assert.equal(g.judge({ number: 4, bytes: key(), qber: undefined }), undefined);
});

test('no reason tells anything of the bytes', () => {
  const bytes = Buffer.alloc(256, 0xa5);
  const refusal = gate().judge({ number: 4, bytes, qber: undefined });
  assert.doesNotMatch(refusal?.text ?? '', /a5|165|[0-9]/);
});
