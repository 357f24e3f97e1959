/* CRC-32C (Castagnoli, RFC 3720), a nibble at a time: a table of 64 bytes. */
#ifndef KF_CRC32C_H
#define KF_CRC32C_H

#include <stddef.h>
#include <stdint.h>

#define KF_CRC32C_START 0xFFFFFFFFu

/* Takes `length` bytes into a running check sum that began as KF_CRC32C_START. */
uint32_t kf_crc32c_update(uint32_t running, const uint8_t *bytes, size_t length);

/* The check sum itself. */
#define kf_crc32c_final(running) (~(running))

#endif
