import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { secretMemory } from '../../src/secret/secret-pool.ts';
import { KeyFinder } from '../memory/key-finder.ts';
import { searchProcess } from '../memory/process-memory.ts';

const LENGTHS = [0, 1, 31, 32, 33, 64, 4096, 40_000, 65_536, 1 << 20, (1 << 20) + 1];
const SEED = Number(process.env['KEYFERRY_SEED'] ?? 1);

describe('memory for secrets', () => {
  test('is all zero, of the length that was asked for, and its own, whatever was there before', () => {
    let random = SEED;
    const kept: { secret: SecretBytes; value: number }[] = [];
    for (let i = 0; i < 2_000; i++) {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      const length = LENGTHS[(random >>> 8) % 9]!;
      const secret = SecretBytes.alloc(length);
      assert.equal(secret.length, length);
      assert.ok(
        secret.view().every((byte) => byte === 0),
        `${length} bytes of memory were not wiped (seed ${SEED})`,
      );
      const value = 1 + (random % 255);
      secret.view().fill(value);
      kept.push({ secret, value });
      if (kept.length > 50) kept.splice((random >>> 16) % 50, 1)[0]!.secret.wipe();
      const other = kept[(random >>> 16) % kept.length]!;
      assert.ok(
        other.secret.view().every((byte) => byte === other.value),
        `another wrote there (seed ${SEED})`,
      );
    }
    for (const { secret } of kept) secret.wipe();
  });

  test('is left out of core dumps, and locked where the system allows it', () => {
    for (const length of LENGTHS.slice(2)) {
      using secret = SecretBytes.alloc(length);
      for (let i = 0; i < length; i++) secret.view()[i] = Math.imul(i + length, 0x9e3779b1) >>> 24;
      const finder = new KeyFinder();
      // The finder's pieces are views: they are found where the secret is, and in what the search reads into.
      finder.addRaw('secret', secret.view().subarray(0, 24));
      const flags = searchProcess(process.pid, finder).hits.map(({ mapping }) => mapping.flags);
      const guarded = flags.filter((flag) => flag.includes('dd'));
      assert.ok(guarded.length >= 3, `${length} bytes lie where they may be dumped`);
      if (secretMemory().unlocked === 0)
        assert.ok(
          guarded.every((flag) => flag.includes('lo')),
          'locked',
        );
    }
  });

  test('is counted, and the same is used again', () => {
    const before = secretMemory();
    for (let i = 0; i < 1_000; i++) SecretBytes.alloc(4096).wipe();
    const after = secretMemory();
    assert.equal(after.used, before.used);
    assert.ok(
      after.guarded - before.guarded <= 64 << 10,
      'a thousand secrets, one after the other, in one piece',
    );
  });
});
