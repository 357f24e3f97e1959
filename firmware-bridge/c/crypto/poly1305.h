/* Poly1305 (RFC 8439 §2.5). A key is used for one tag only. */
#ifndef KF_POLY1305_H
#define KF_POLY1305_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  /* Five limbs of 26 bits. */
  uint32_t r[5];
  uint32_t h[5];
  uint32_t pad[4];
  uint8_t block[16];
  uint8_t filled;
} kf_poly1305;

void kf_poly1305_init(kf_poly1305 *mac, const uint8_t key[32]);
void kf_poly1305_update(kf_poly1305 *mac, const uint8_t *bytes, size_t length);
void kf_poly1305_final(kf_poly1305 *mac, uint8_t tag[16]);

#endif
