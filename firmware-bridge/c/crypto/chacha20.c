#include "chacha20.h"

#include "../wipe.h"
#include "bytes.h"

static uint32_t rotate(uint32_t x, int by) {
  return x << by | x >> (32 - by);
}

static void quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d) {
  *a += *b;
  *d = rotate(*d ^ *a, 16);
  *c += *d;
  *b = rotate(*b ^ *c, 12);
  *a += *b;
  *d = rotate(*d ^ *a, 8);
  *c += *d;
  *b = rotate(*b ^ *c, 7);
}

static void next_block(kf_chacha20 *cipher) {
  uint32_t x[16];
  for (int i = 0; i < 16; i++) x[i] = cipher->state[i];
  for (int round = 0; round < 10; round++) {
    for (int i = 0; i < 4; i++) quarter(&x[i], &x[i + 4], &x[i + 8], &x[i + 12]);
    for (int i = 0; i < 4; i++) quarter(&x[i], &x[4 + (i + 1) % 4], &x[8 + (i + 2) % 4], &x[12 + (i + 3) % 4]);
  }
  for (int i = 0; i < 16; i++) kf_put32(cipher->stream + 4 * i, x[i] + cipher->state[i]);
  /* From it the rounds lead back to the key. */
  kf_wipe(x, sizeof x);
  cipher->state[12]++;
  cipher->used = 0;
}

void kf_chacha20_init(kf_chacha20 *cipher, const uint8_t key[32], uint64_t nonce, uint32_t block) {
  static const uint32_t constants[4] = {0x61707865, 0x3320646E, 0x79622D32, 0x6B206574};
  for (int i = 0; i < 4; i++) cipher->state[i] = constants[i];
  for (int i = 0; i < 8; i++) cipher->state[4 + i] = kf_get32(key + 4 * i);
  cipher->state[12] = block;
  cipher->state[13] = 0;
  cipher->state[14] = (uint32_t)nonce;
  cipher->state[15] = (uint32_t)(nonce >> 32);
  cipher->used = sizeof cipher->stream;
}

void kf_chacha20_mix(kf_chacha20 *cipher, uint8_t *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) {
    if (cipher->used == sizeof cipher->stream) next_block(cipher);
    bytes[i] ^= cipher->stream[cipher->used++];
  }
}
