/* X25519 (RFC 7748). Time and memory traffic do not depend on the scalar. About 1.5 KiB of stack. */
#ifndef KF_X25519_H
#define KF_X25519_H

#include <stdint.h>

#define KF_X25519_BYTES 32

/* out = scalar · point. `point` NULL: the base point, 9. */
void kf_x25519(uint8_t out[32], const uint8_t scalar[32], const uint8_t *point);

#endif
