/* BLAKE2b with 64 bytes of output and no key (RFC 7693), and HMAC and Noise's HKDF over it. */
#ifndef KF_BLAKE2B_H
#define KF_BLAKE2B_H

#include <stddef.h>
#include <stdint.h>

#define KF_HASH_BYTES 64

typedef struct {
  uint64_t h[8];
  uint64_t total;
  uint8_t block[128];
  uint8_t filled;
} kf_blake2b;

void kf_blake2b_init(kf_blake2b *hash);
void kf_blake2b_update(kf_blake2b *hash, const uint8_t *bytes, size_t length);
/* Wipes the state. */
void kf_blake2b_final(kf_blake2b *hash, uint8_t out[KF_HASH_BYTES]);

/* out = HMAC(key, bytes); the key has KF_HASH_BYTES bytes. `out` may be where `bytes` or `key` is. */
void kf_hmac(uint8_t out[KF_HASH_BYTES], const uint8_t key[KF_HASH_BYTES], const uint8_t *bytes, size_t length);

/* Noise's HKDF: `count` outputs (2 or 3) of KF_HASH_BYTES bytes each. An output may be where `chaining` is. */
void kf_hkdf(uint8_t *const *outputs, int count, const uint8_t chaining[KF_HASH_BYTES], const uint8_t *bytes,
             size_t length);

#endif
