/*
 * Frames on a byte stream (../README.md, "Framing"): COBS over a message and its CRC-32C, ended by a zero byte.
 *
 * A frame goes out in groups of at most 255 bytes, while its message is still being made: no message is ever whole in
 * memory. What comes in is kept until its check sum is proved: as many bytes as the longest message to the module.
 */
#ifndef KF_FRAME_H
#define KF_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest message to the module, record or plain envelope, in bytes. */
#define KF_MESSAGE_IN_MAX 256
#define KF_CHECK_BYTES 4

/*
 * Takes bytes for the line, in order. It must take them all: it may wait for room, for less than a second. Bytes that a
 * dead line loses do no harm; the books of the exchange find it out. `bytes` is the library's and is overwritten after the call.
 */
typedef void kf_write(void *context, const uint8_t *bytes, size_t length);

typedef struct {
  kf_write *write;
  void *context;
  uint32_t crc;
  /* group[0] is its length byte. */
  uint8_t group[255];
  uint8_t length;
} kf_frame_out;

void kf_frame_out_init(kf_frame_out *out, kf_write *write, void *context);

/* One message: begin, put as often as need be, end. */
void kf_frame_begin(kf_frame_out *out);
void kf_frame_put(kf_frame_out *out, const uint8_t *bytes, size_t length);
void kf_frame_end(kf_frame_out *out);

/* A lone delimiter: ends whatever was on the line before. */
void kf_frame_delimiter(kf_frame_out *out);

typedef struct {
  uint8_t message[KF_MESSAGE_IN_MAX + KF_CHECK_BYTES];
  uint16_t length;
  /* Bytes of the present group still to come. */
  uint8_t group_left;
  bool zero_after_group;
  bool started;
  bool overlong;
  /* Frames dropped so far: damaged, too short, too long. */
  uint32_t faults;
} kf_frame_in;

void kf_frame_in_init(kf_frame_in *in);

/*
 * Takes one byte from the line. Returns the length of the message that it ends, whose check sum is right, and 0 in all
 * other cases. The message is in->message until the next call.
 */
size_t kf_frame_take(kf_frame_in *in, uint8_t byte);

#endif
