/* ChaCha20 (RFC 8439) with a nonce of 00 00 00 00 and a counter, as Noise has it. */
#ifndef KF_CHACHA20_H
#define KF_CHACHA20_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  uint32_t state[16];
  uint8_t stream[64];
  uint8_t used;
} kf_chacha20;

/* Begins at block `block` of the key stream. */
void kf_chacha20_init(kf_chacha20 *cipher, const uint8_t key[32], uint64_t nonce, uint32_t block);

/* Takes the key stream into `bytes` by exclusive or. */
void kf_chacha20_mix(kf_chacha20 *cipher, uint8_t *bytes, size_t length);

#endif
