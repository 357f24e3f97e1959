import sodium from 'sodium-native';
import { assert } from '../errors.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';

/** Random, and long enough that no two are ever alike under one key. */
export const NONCE_BYTES = 24;
const TAG_BYTES = 16;
const LONG_BYTES = 1 << 16;

/** Bytes of a sealed box: nonce 24, ciphertext, tag 16. */
export function sealedBytes(plainBytes: number): number {
  return NONCE_BYTES + plainBytes + TAG_BYTES;
}

/**
 * XChaCha20-Poly1305 (AEAD). Written into `box`, whose first 24 bytes are a fresh random nonce already.
 * @param box `sealedBytes(plain.length)` bytes; @param key 32 bytes, only lent; @param bound authenticated, not hidden; @param plain only lent
 */
export function sealBox(box: Buffer, key: Buffer, bound: Buffer, plain: Uint8Array): void {
  assert(box.length === sealedBytes(plain.length), 'a box has room for nonce, text and tag');
  const nonce = box.subarray(0, NONCE_BYTES);
  const cipher = box.subarray(NONCE_BYTES);
  sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(cipher, plain as Buffer, bound, null, nonce, key);
}

/** The text of a box, the caller's; undefined when it was not sealed with this key and bound text. */
export function openBox(box: Uint8Array, key: Buffer, bound: Buffer): SecretBytes | undefined {
  if (box.length < sealedBytes(0)) return undefined;
  const length = box.length - sealedBytes(0);
  // A long block comes and goes with many like it, and each would be a burden to the collector.
  const plain = length > LONG_BYTES ? SecretBytes.pooled(length) : SecretBytes.alloc(length);
  const nonce = box.subarray(0, NONCE_BYTES) as Buffer;
  const cipher = box.subarray(NONCE_BYTES) as Buffer;
  try {
    sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(plain.view(), null, cipher, bound, nonce, key);
    return plain;
  } catch {
    plain.wipe();
    return undefined;
  }
}
