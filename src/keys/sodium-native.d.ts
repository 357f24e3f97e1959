// The package's published types lack the incremental functions; these are the ones that we call.
declare module 'sodium-native' {
  /** Writes the ciphertext and its tag of 16 bytes into `cipher`; `bound` is the associated data. */
  type Seal = (
    cipher: Buffer,
    message: Buffer,
    bound: Buffer,
    secretNonce: null,
    nonce: Buffer,
    key: Buffer,
  ) => void;
  /** The reverse; throws when the tag does not fit. */
  type Open = (
    message: Buffer,
    secretNonce: null,
    cipher: Buffer,
    bound: Buffer,
    nonce: Buffer,
    key: Buffer,
  ) => void;
  const sodium: {
    readonly crypto_onetimeauth_STATEBYTES: number;
    crypto_aead_xchacha20poly1305_ietf_encrypt: Seal;
    crypto_aead_xchacha20poly1305_ietf_decrypt: Open;
    crypto_aead_chacha20poly1305_ietf_encrypt: Seal;
    crypto_aead_chacha20poly1305_ietf_decrypt: Open;
    /** Throws when the result would be all zeros. */
    crypto_scalarmult(shared: Buffer, secret: Buffer, theirs: Buffer): void;
    crypto_scalarmult_base(publicKey: Buffer, secret: Buffer): void;
    randombytes_buf(into: Buffer): void;
    sodium_malloc(bytes: number): Buffer;
    /** Of `sodium_malloc`, as that gave it. */
    sodium_free(memory: Buffer): void;
    /** Throws when the system refuses it. */
    sodium_mlock(memory: Uint8Array): void;
    crypto_generichash(output: Buffer, input: Buffer, key?: Buffer): void;
    crypto_onetimeauth_init(state: Buffer, key: Buffer): void;
    crypto_onetimeauth_update(state: Buffer, input: Buffer): void;
    crypto_onetimeauth_final(state: Buffer, output: Buffer): void;
  };
  export default sodium;
}
