#include "poly1305.h"

#include "../wipe.h"
#include "bytes.h"

#define LIMB 0x3FFFFFF

void kf_poly1305_init(kf_poly1305 *mac, const uint8_t key[32]) {
  mac->r[0] = kf_get32(key) & 0x3FFFFFF;
  mac->r[1] = kf_get32(key + 3) >> 2 & 0x3FFFF03;
  mac->r[2] = kf_get32(key + 6) >> 4 & 0x3FFC0FF;
  mac->r[3] = kf_get32(key + 9) >> 6 & 0x3F03FFF;
  mac->r[4] = kf_get32(key + 12) >> 8 & 0x00FFFFF;
  for (int i = 0; i < 5; i++) mac->h[i] = 0;
  for (int i = 0; i < 4; i++) mac->pad[i] = kf_get32(key + 16 + 4 * i);
  mac->filled = 0;
}

/* h = (h + block) · r mod 2^130 - 5. `top` is the bit above a whole block. */
static void take(kf_poly1305 *mac, uint32_t top) {
  uint32_t *h = mac->h;
  const uint32_t *r = mac->r;
  const uint8_t *block = mac->block;
  h[0] += kf_get32(block) & LIMB;
  h[1] += kf_get32(block + 3) >> 2 & LIMB;
  h[2] += kf_get32(block + 6) >> 4 & LIMB;
  h[3] += kf_get32(block + 9) >> 6 & LIMB;
  h[4] += (kf_get32(block + 12) >> 8) | top;
  uint64_t product[5];
  for (int i = 0; i < 5; i++) {
    product[i] = 0;
    for (int j = 0; j < 5; j++) {
      /* What lies above 2^130 comes in below times 5. */
      const uint64_t factor = j <= i ? r[i - j] : 5 * (uint64_t)r[i - j + 5];
      product[i] += h[j] * factor;
    }
  }
  uint64_t carry = 0;
  for (int i = 0; i < 5; i++) {
    product[i] += carry;
    h[i] = (uint32_t)product[i] & LIMB;
    carry = product[i] >> 26;
  }
  carry = h[0] + 5 * carry;
  h[0] = (uint32_t)carry & LIMB;
  h[1] += (uint32_t)(carry >> 26);
}

void kf_poly1305_update(kf_poly1305 *mac, const uint8_t *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) {
    mac->block[mac->filled++] = bytes[i];
    if (mac->filled < sizeof mac->block) continue;
    take(mac, UINT32_C(1) << 24);
    mac->filled = 0;
  }
}

/* Carries to the end, and takes the modulus away once where that leaves nothing below zero; without a branch. */
static void reduce(uint32_t h[5]) {
  uint32_t carry = 0;
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < 5; i++) {
      h[i] += carry;
      carry = h[i] >> 26;
      h[i] &= LIMB;
    }
    carry *= 5;
  }
  h[0] += carry;
  uint32_t less[5];
  carry = 5;
  for (int i = 0; i < 5; i++) {
    less[i] = h[i] + carry;
    carry = less[i] >> 26;
    less[i] &= LIMB;
  }
  /* `carry` is 1 when h + 5 reaches 2^130. */
  const uint32_t mask = 0 - (carry & 1);
  for (int i = 0; i < 5; i++) h[i] = (h[i] & ~mask) | (less[i] & mask);
}

void kf_poly1305_final(kf_poly1305 *mac, uint8_t tag[16]) {
  if (mac->filled > 0) {
    mac->block[mac->filled++] = 1;
    while (mac->filled < sizeof mac->block) mac->block[mac->filled++] = 0;
    take(mac, 0);
  }
  reduce(mac->h);
  const uint32_t *h = mac->h;
  const uint32_t words[4] = {h[0] | h[1] << 26, h[1] >> 6 | h[2] << 20, h[2] >> 12 | h[3] << 14, h[3] >> 18 | h[4] << 8};
  uint64_t sum = 0;
  for (int i = 0; i < 4; i++) {
    sum = (sum >> 32) + words[i] + mac->pad[i];
    kf_put32(tag + 4 * i, (uint32_t)sum);
  }
  kf_wipe(mac, sizeof *mac);
}
