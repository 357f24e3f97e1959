#include "x25519.h"

#include <stddef.h>

#include "../wipe.h"

/* A number modulo 2^255 - 19 in 16 limbs of 16 bits, kept loosely: limbs may be negative, or a few bits too long. */
typedef int64_t field[16];

/* Brings limbs back to 16 bits; what leaves the top comes in below times 38, for 2^256 is 38. */
static void carry(field n) {
  for (int i = 0; i < 16; i++) {
    const int64_t over = n[i] >> 16;
    n[i] -= over * 65536;
    if (i < 15) n[i + 1] += over;
    else n[0] += 38 * over;
  }
}

static void add(field out, const field a, const field b) {
  for (int i = 0; i < 16; i++) out[i] = a[i] + b[i];
}

static void subtract(field out, const field a, const field b) {
  for (int i = 0; i < 16; i++) out[i] = a[i] - b[i];
}

static void multiply(field out, const field a, const field b) {
  int64_t product[31] = {0};
  for (int i = 0; i < 16; i++) {
    for (int j = 0; j < 16; j++) product[i + j] += a[i] * b[j];
  }
  for (int i = 0; i < 15; i++) product[i] += 38 * product[i + 16];
  for (int i = 0; i < 16; i++) out[i] = product[i];
  carry(out);
  carry(out);
}

/* Swaps when `bit` is 1, without a branch. */
static void swap(field a, field b, int64_t bit) {
  for (int i = 0; i < 16; i++) {
    const int64_t difference = -bit & (a[i] ^ b[i]);
    a[i] ^= difference;
    b[i] ^= difference;
  }
}

/* a^(2^255 - 21): in the exponent all bits are set but bits 2 and 4. */
static void invert(field out, const field a) {
  field power;
  for (int i = 0; i < 16; i++) power[i] = a[i];
  for (int bit = 253; bit >= 0; bit--) {
    multiply(power, power, power);
    if (bit != 2 && bit != 4) multiply(power, power, a);
  }
  for (int i = 0; i < 16; i++) out[i] = power[i];
}

static void unpack(field out, const uint8_t bytes[32]) {
  for (int i = 0; i < 16; i++) out[i] = bytes[2 * i] | (int64_t)bytes[2 * i + 1] << 8;
  out[15] &= 0x7FFF;
}

/* Reduces fully: takes the modulus away twice where that leaves nothing below zero. */
static void pack(uint8_t bytes[32], field n) {
  carry(n);
  carry(n);
  carry(n);
  for (int round = 0; round < 2; round++) {
    field less;
    int64_t borrow = 0;
    for (int i = 0; i < 16; i++) {
      const int64_t limb = n[i] - (i == 0 ? 0xFFED : i == 15 ? 0x7FFF : 0xFFFF) - borrow;
      borrow = limb >> 16 & 1;
      less[i] = limb & 0xFFFF;
    }
    swap(n, less, 1 - borrow);
  }
  for (int i = 0; i < 16; i++) {
    bytes[2 * i] = (uint8_t)n[i];
    bytes[2 * i + 1] = (uint8_t)(n[i] >> 8);
  }
}

typedef struct {
  field x1, x2, z2, x3, z3, a, b, c, d;
} ladder;

/* One step of RFC 7748 §5. */
static void step(ladder *at) {
  static const field a24 = {0xDB41, 1};
  add(at->a, at->x2, at->z2);
  subtract(at->b, at->x2, at->z2);
  add(at->c, at->x3, at->z3);
  subtract(at->d, at->x3, at->z3);
  multiply(at->d, at->d, at->a);
  multiply(at->c, at->c, at->b);
  add(at->x3, at->d, at->c);
  multiply(at->x3, at->x3, at->x3);
  subtract(at->z3, at->d, at->c);
  multiply(at->z3, at->z3, at->z3);
  multiply(at->z3, at->z3, at->x1);
  multiply(at->a, at->a, at->a);
  multiply(at->b, at->b, at->b);
  multiply(at->x2, at->a, at->b);
  subtract(at->c, at->a, at->b);
  multiply(at->z2, at->c, a24);
  add(at->z2, at->z2, at->a);
  multiply(at->z2, at->z2, at->c);
}

void kf_x25519(uint8_t out[32], const uint8_t scalar[32], const uint8_t *point) {
  static const uint8_t base[32] = {9};
  ladder at = {.x2 = {1}, .z3 = {1}};
  uint8_t clamped[32];
  for (int i = 0; i < 32; i++) clamped[i] = scalar[i];
  clamped[0] &= 248;
  clamped[31] = (uint8_t)((clamped[31] & 127) | 64);
  unpack(at.x1, point == NULL ? base : point);
  for (int i = 0; i < 16; i++) at.x3[i] = at.x1[i];
  for (int bit = 254; bit >= 0; bit--) {
    const int64_t set = clamped[bit >> 3] >> (bit & 7) & 1;
    swap(at.x2, at.x3, set);
    swap(at.z2, at.z3, set);
    step(&at);
    swap(at.x2, at.x3, set);
    swap(at.z2, at.z3, set);
  }
  invert(at.z2, at.z2);
  multiply(at.x2, at.x2, at.z2);
  pack(out, at.x2);
  kf_wipe(&at, sizeof at);
  kf_wipe(clamped, sizeof clamped);
}
