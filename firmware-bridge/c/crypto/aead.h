/* ChaCha20-Poly1305 (RFC 8439 §2.8) over a text that comes in pieces. */
#ifndef KF_AEAD_H
#define KF_AEAD_H

#include <stdbool.h>

#include "chacha20.h"
#include "poly1305.h"

#define KF_TAG_BYTES 16

typedef struct {
  kf_chacha20 cipher;
  kf_poly1305 mac;
  uint64_t data_bytes;
  uint64_t text_bytes;
} kf_aead;

/* Nonce 00 00 00 00 and `nonce`, never twice with one key. `data` is proved, not hidden. */
void kf_aead_begin(kf_aead *aead, const uint8_t key[32], uint64_t nonce, const uint8_t *data, size_t length);

/* Seals the next piece in place. */
void kf_aead_seal(kf_aead *aead, uint8_t *bytes, size_t length);

/* Ends it. Wipes the state. */
void kf_aead_tag(kf_aead *aead, uint8_t tag[KF_TAG_BYTES]);

/* Opens a whole text of `length` bytes with its tag behind it, in place. False when the tag is wrong: nothing is opened. */
bool kf_aead_open(const uint8_t key[32], uint64_t nonce, const uint8_t *data, size_t data_length, uint8_t *bytes,
                  size_t length);

#endif
