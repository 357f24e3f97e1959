import { timingSafeEqual } from 'node:crypto';
import sodium from 'sodium-native';
import { assert } from '../errors.ts';

export const TAG_BYTES = 16;

/**
 * Wegman–Carter authenticator: Poly1305 under a 32-byte key that is used for one message and never again. It holds
 * against an adversary of any computing power. sodium-native: the best-kept Poly1305 with incremental input.
 * @param oneTimeKey 32 bytes of pad, only lent; must be burnt
 * @param parts the message, in order
 * @returns 16 bytes; not secret
 */
export function authenticate(oneTimeKey: Buffer, parts: readonly Uint8Array[]): Buffer {
  assert(oneTimeKey.length === 32, 'a one-time authentication key has 32 bytes');
  const tag = Buffer.alloc(TAG_BYTES);
  sodium.crypto_onetimeauth_init(state, oneTimeKey);
  for (const part of parts) sodium.crypto_onetimeauth_update(state, part as Buffer);
  sodium.crypto_onetimeauth_final(state, tag);
  state.fill(0);
  return tag;
}

// One for all, since nothing comes in between from init to final; it holds the one-time key until it is wiped.
const state = Buffer.alloc(sodium.crypto_onetimeauth_STATEBYTES);

/** Whether `tag` is the authenticator of `parts`, in constant time. */
export function verifyTag(oneTimeKey: Buffer, parts: readonly Uint8Array[], tag: Uint8Array): boolean {
  return tag.length === TAG_BYTES && timingSafeEqual(authenticate(oneTimeKey, parts), tag);
}

/** Texts as one unambiguous byte string (each behind its length in bytes), for authenticator inputs. */
export function bindTexts(...texts: readonly string[]): Buffer {
  return Buffer.from(texts.map((text) => `${Buffer.byteLength(text)}:${text},`).join(''), 'utf8');
}
