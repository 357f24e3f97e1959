#include "blake2b.h"

#include <string.h>

#include "../wipe.h"
#include "bytes.h"

static const uint64_t start[8] = {
    UINT64_C(0x6A09E667F3BCC908), UINT64_C(0xBB67AE8584CAA73B), UINT64_C(0x3C6EF372FE94F82B),
    UINT64_C(0xA54FF53A5F1D36F1), UINT64_C(0x510E527FADE682D1), UINT64_C(0x9B05688C2B3E6C1F),
    UINT64_C(0x1F83D9ABFB41BD6B), UINT64_C(0x5BE0CD19137E2179),
};

static const uint8_t order[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

static uint64_t rotate(uint64_t x, int by) {
  return x >> by | x << (64 - by);
}

static void mix(uint64_t *v, int a, int b, int c, int d, uint64_t x, uint64_t y) {
  v[a] += v[b] + x;
  v[d] = rotate(v[d] ^ v[a], 32);
  v[c] += v[d];
  v[b] = rotate(v[b] ^ v[c], 24);
  v[a] += v[b] + y;
  v[d] = rotate(v[d] ^ v[a], 16);
  v[c] += v[d];
  v[b] = rotate(v[b] ^ v[c], 63);
}

static void compress(kf_blake2b *hash, uint64_t last) {
  uint64_t v[16], m[16];
  for (int i = 0; i < 16; i++) m[i] = kf_get64(hash->block + 8 * i);
  for (int i = 0; i < 8; i++) {
    v[i] = hash->h[i];
    v[i + 8] = start[i];
  }
  v[12] ^= hash->total;
  v[14] ^= last;
  for (int round = 0; round < 12; round++) {
    const uint8_t *s = order[round % 10];
    for (int i = 0; i < 4; i++) mix(v, i, i + 4, i + 8, i + 12, m[s[2 * i]], m[s[2 * i + 1]]);
    for (int i = 0; i < 4; i++) {
      mix(v, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[s[8 + 2 * i]], m[s[9 + 2 * i]]);
    }
  }
  for (int i = 0; i < 8; i++) hash->h[i] ^= v[i] ^ v[i + 8];
  hash->filled = 0;
  kf_wipe(v, sizeof v);
  kf_wipe(m, sizeof m);
}

void kf_blake2b_init(kf_blake2b *hash) {
  memcpy(hash->h, start, sizeof start);
  hash->h[0] ^= 0x01010000 ^ KF_HASH_BYTES;
  hash->total = 0;
  hash->filled = 0;
}

void kf_blake2b_update(kf_blake2b *hash, const uint8_t *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) {
    /* A full block waits until it is known not to be the last. */
    if (hash->filled == sizeof hash->block) compress(hash, 0);
    hash->block[hash->filled++] = bytes[i];
    hash->total++;
  }
}

void kf_blake2b_final(kf_blake2b *hash, uint8_t out[KF_HASH_BYTES]) {
  memset(hash->block + hash->filled, 0, sizeof hash->block - hash->filled);
  compress(hash, UINT64_MAX);
  for (int i = 0; i < 8; i++) kf_put64(out + 8 * i, hash->h[i]);
  kf_wipe(hash, sizeof *hash);
}

static void begin_keyed(kf_blake2b *hash, const uint8_t key[KF_HASH_BYTES], uint8_t with) {
  uint8_t block[128];
  memset(block, with, sizeof block);
  for (int i = 0; i < KF_HASH_BYTES; i++) block[i] ^= key[i];
  kf_blake2b_init(hash);
  kf_blake2b_update(hash, block, sizeof block);
  kf_wipe(block, sizeof block);
}

void kf_hmac(uint8_t out[KF_HASH_BYTES], const uint8_t key[KF_HASH_BYTES], const uint8_t *bytes, size_t length) {
  kf_blake2b hash;
  uint8_t inner[KF_HASH_BYTES];
  begin_keyed(&hash, key, 0x36);
  kf_blake2b_update(&hash, bytes, length);
  kf_blake2b_final(&hash, inner);
  begin_keyed(&hash, key, 0x5C);
  kf_blake2b_update(&hash, inner, sizeof inner);
  kf_blake2b_final(&hash, out);
  kf_wipe(inner, sizeof inner);
}

void kf_hkdf(uint8_t *const *outputs, int count, const uint8_t chaining[KF_HASH_BYTES], const uint8_t *bytes,
             size_t length) {
  uint8_t key[KF_HASH_BYTES];
  uint8_t text[KF_HASH_BYTES + 1];
  kf_hmac(key, chaining, bytes, length);
  text[0] = 1;
  kf_hmac(outputs[0], key, text, 1);
  for (int i = 1; i < count; i++) {
    memcpy(text, outputs[i - 1], KF_HASH_BYTES);
    text[KF_HASH_BYTES] = (uint8_t)(i + 1);
    kf_hmac(outputs[i], key, text, sizeof text);
  }
  kf_wipe(key, sizeof key);
  kf_wipe(text, sizeof text);
}
