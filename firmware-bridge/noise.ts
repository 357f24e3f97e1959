/**
 * The handshake of the channel (README.md, "Channel"): Noise_NNpsk0_25519_ChaChaPoly_BLAKE2b, revision 34, both sides,
 * with empty payloads. No randomness: the ephemeral secrets are handed in.
 */
import sodium from 'sodium-native';
import { assert } from '../src/errors.ts';
import { SecretBytes } from '../src/secret/secret-bytes.ts';

export const KEY_BYTES = 32;
export const TAG_BYTES = 16;
/** An ephemeral public key and a tag. */
export const HANDSHAKE_BYTES = KEY_BYTES + TAG_BYTES;

const HASH_BYTES = 64;
const HMAC_BLOCK_BYTES = 128;
const NAME = 'Noise_NNpsk0_25519_ChaChaPoly_BLAKE2b';
const PROLOGUE = Buffer.from('keyferry bridge channel 1');
const NOTHING = Buffer.alloc(0);

/** What both sides hold afterwards; whoever is given it wipes both. */
export type ChannelKeys = { readonly agentToModule: SecretBytes; readonly moduleToAgent: SecretBytes };

/**
 * The agent's side: `open` goes to the module, `finish` takes what it answers.
 * @param moduleKey 32 bytes, lent for the call
 * @param secret 32 fresh random bytes; becomes the handshake's, which wipes it
 */
export class Initiator {
  readonly #symmetric: Symmetric;
  readonly #secret: SecretBytes;
  /** 48 bytes. */
  readonly open: Buffer;

  constructor(moduleKey: SecretBytes, secret: SecretBytes) {
    this.#symmetric = new Symmetric(moduleKey);
    this.#secret = secret;
    const ephemeral = publicKey(secret);
    this.#symmetric.mixEphemeral(ephemeral);
    this.open = Buffer.concat([ephemeral, this.#symmetric.sealNothing()]);
  }

  /** The keys, when `answer` (48 bytes) is from a holder of the module key; else undefined, and the handshake may go on. */
  finish(answer: Uint8Array): ChannelKeys | undefined {
    assert(answer.length === HANDSHAKE_BYTES, 'length of an answer');
    const symmetric = this.#symmetric.copy();
    try {
      const ephemeral = Buffer.from(answer.subarray(0, KEY_BYTES));
      symmetric.mixEphemeral(ephemeral);
      if (!symmetric.mixShared(this.#secret, ephemeral)) return undefined;
      return symmetric.openNothing(answer.subarray(KEY_BYTES)) ? symmetric.split() : undefined;
    } finally {
      symmetric.wipe();
    }
  }

  wipe(): void {
    this.#symmetric.wipe();
    this.#secret.wipe();
  }
}

/**
 * The module's side, in one step.
 * @param moduleKey 32 bytes, lent for the call
 * @param secret 32 fresh random bytes, lent for the call
 * @param open 48 bytes
 * @returns the 48 bytes to answer and the keys, when `open` is from a holder of the module key
 */
export function respond(
  moduleKey: SecretBytes,
  secret: SecretBytes,
  open: Uint8Array,
): { readonly answer: Buffer; readonly keys: ChannelKeys } | undefined {
  assert(open.length === HANDSHAKE_BYTES, 'length of an open');
  const symmetric = new Symmetric(moduleKey);
  try {
    const theirs = Buffer.from(open.subarray(0, KEY_BYTES));
    symmetric.mixEphemeral(theirs);
    if (!symmetric.openNothing(open.subarray(KEY_BYTES))) return undefined;
    const ours = publicKey(secret);
    symmetric.mixEphemeral(ours);
    if (!symmetric.mixShared(secret, theirs)) return undefined;
    const answer = Buffer.concat([ours, symmetric.sealNothing()]);
    return { answer, keys: symmetric.split() };
  } finally {
    symmetric.wipe();
  }
}

/** Noise's symmetric state. `#hash` is public; the others are secret. */
class Symmetric {
  #hash: Buffer;
  readonly #chain: SecretBytes;
  readonly #key = SecretBytes.alloc(KEY_BYTES);

  constructor(moduleKey: SecretBytes | undefined, from?: Symmetric) {
    if (from !== undefined) {
      this.#hash = from.#hash;
      this.#chain = SecretBytes.copyOf(from.#chain.view());
      from.#key.view().copy(this.#key.view());
      return;
    }
    assert(moduleKey?.length === KEY_BYTES, 'length of a module key');
    const name = Buffer.alloc(HASH_BYTES);
    name.write(NAME, 'latin1');
    this.#chain = SecretBytes.copyOf(name);
    this.#hash = blake2b(name, PROLOGUE);
    this.#mixKeyAndHash(moduleKey.view());
  }

  copy(): Symmetric {
    return new Symmetric(undefined, this);
  }

  mixEphemeral(ephemeral: Buffer): void {
    this.#absorb(ephemeral);
    this.#mixKey(ephemeral);
  }

  /** False when the other side's key leads to no shared secret. */
  mixShared(secret: SecretBytes, theirs: Buffer): boolean {
    using shared = SecretBytes.alloc(KEY_BYTES);
    try {
      sodium.crypto_scalarmult(shared.view(), secret.view(), theirs);
    } catch {
      return false;
    }
    this.#mixKey(shared.view());
    return true;
  }

  /** A tag over all that was said so far. */
  sealNothing(): Buffer {
    const tag = Buffer.alloc(TAG_BYTES);
    seal(this.#key.view(), 0, this.#hash, NOTHING, tag);
    this.#absorb(tag);
    return tag;
  }

  openNothing(tag: Uint8Array): boolean {
    const sealed = Buffer.from(tag);
    if (!unseal(this.#key.view(), 0, this.#hash, sealed, Buffer.alloc(0))) return false;
    this.#absorb(sealed);
    return true;
  }

  split(): ChannelKeys {
    using outputs = hkdf(this.#chain.view(), NOTHING);
    return {
      agentToModule: SecretBytes.copyOf(part(outputs, 0).subarray(0, KEY_BYTES)),
      moduleToAgent: SecretBytes.copyOf(part(outputs, 1).subarray(0, KEY_BYTES)),
    };
  }

  wipe(): void {
    this.#chain.wipe();
    this.#key.wipe();
  }

  #absorb(bytes: Uint8Array): void {
    this.#hash = blake2b(this.#hash, bytes);
  }

  /** Noise's MixKey. */
  #mixKey(material: Uint8Array): void {
    using outputs = hkdf(this.#chain.view(), material);
    part(outputs, 0).copy(this.#chain.view());
    part(outputs, 1).copy(this.#key.view(), 0, 0, KEY_BYTES);
  }

  /** Noise's MixKeyAndHash. */
  #mixKeyAndHash(material: Uint8Array): void {
    using outputs = hkdf(this.#chain.view(), material);
    part(outputs, 0).copy(this.#chain.view());
    this.#absorb(part(outputs, 1));
    part(outputs, 2).copy(this.#key.view(), 0, 0, KEY_BYTES);
  }
}

/** One output of `hkdf`, lent. */
function part(outputs: SecretBytes, index: 0 | 1 | 2): Buffer {
  return outputs.view().subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
}

function publicKey(secret: SecretBytes): Buffer {
  assert(secret.length === KEY_BYTES, 'length of an ephemeral secret');
  const key = Buffer.alloc(KEY_BYTES);
  sodium.crypto_scalarmult_base(key, secret.view());
  return key;
}

/** Noise's HKDF with three outputs of 64 bytes each, one after the other; the caller wipes them. */
function hkdf(chain: Uint8Array, material: Uint8Array): SecretBytes {
  using temporary = hmac(chain, material);
  using first = hmac(temporary.view(), Buffer.of(1));
  using second = hmac(temporary.view(), first.view(), Buffer.of(2));
  using third = hmac(temporary.view(), second.view(), Buffer.of(3));
  return joined([first.view(), second.view(), third.view()]);
}

function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): SecretBytes {
  assert(key.length <= HMAC_BLOCK_BYTES, 'length of an HMAC key');
  using pad = SecretBytes.alloc(HMAC_BLOCK_BYTES);
  const fill = (value: number): Buffer => {
    const block = pad.view().fill(value);
    for (let i = 0; i < key.length; i++) block[i]! ^= key[i]!;
    return block;
  };
  using inner = SecretBytes.alloc(HASH_BYTES);
  blake2bInto(inner.view(), fill(0x36), ...parts);
  const outer = SecretBytes.alloc(HASH_BYTES);
  blake2bInto(outer.view(), fill(0x5c), inner.view());
  return outer;
}

/** For what everyone may know. */
function blake2b(...parts: readonly Uint8Array[]): Buffer {
  const hash = Buffer.alloc(HASH_BYTES);
  blake2bInto(hash, ...parts);
  return hash;
}

function blake2bInto(hash: Buffer, ...parts: readonly Uint8Array[]): void {
  using input = joined(parts);
  sodium.crypto_generichash(hash, input.view());
}

function joined(parts: readonly Uint8Array[]): SecretBytes {
  const whole = SecretBytes.alloc(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.view().set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * ChaCha20-Poly1305 (RFC 8439) with a counter for a nonce. All buffers are lent.
 * @param into as long as `plain` and a tag
 */
export function seal(key: Buffer, counter: number, bound: Buffer, plain: Buffer, into: Buffer): void {
  sodium.crypto_aead_chacha20poly1305_ietf_encrypt(into, plain, bound, null, nonce(counter), key);
}

/** The reverse. False, and `into` of no use, when the tag is wrong. */
export function unseal(key: Buffer, counter: number, bound: Buffer, sealed: Buffer, into: Buffer): boolean {
  try {
    sodium.crypto_aead_chacha20poly1305_ietf_decrypt(into, null, sealed, bound, nonce(counter), key);
    return true;
  } catch {
    return false;
  }
}

function nonce(counter: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeBigUInt64LE(BigInt(counter), 4);
  return bytes;
}
