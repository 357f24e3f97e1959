/* Numbers from and to bytes, least significant first. */
#ifndef KF_BYTES_H
#define KF_BYTES_H

#include <stdint.h>

static inline uint32_t kf_get32(const uint8_t *at) {
  return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline void kf_put32(uint8_t *at, uint32_t value) {
  for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (8 * i));
}

static inline uint64_t kf_get64(const uint8_t *at) {
  return kf_get32(at) | (uint64_t)kf_get32(at + 4) << 32;
}

static inline void kf_put64(uint8_t *at, uint64_t value) {
  kf_put32(at, (uint32_t)value);
  kf_put32(at + 4, (uint32_t)(value >> 32));
}

#endif
