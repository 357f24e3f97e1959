/*
 * Messages on a line (../README.md): frames on a byte stream, COBS over a message and its CRC-32C, ended by a zero byte; or
 * numbered reports of USB HID.
 *
 * A message goes out in groups of at most 255 bytes, or in reports, while it is still being made: none is ever whole in
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

/* Longest report of USB HID that this build sends, the report ID included: 64 to 1024. */
#ifndef KF_REPORT_BYTES_MAX
#define KF_REPORT_BYTES_MAX 64
#endif
#define KF_OUT_BYTES (KF_REPORT_BYTES_MAX > 255 ? KF_REPORT_BYTES_MAX : 255)

/*
 * Takes bytes for the line, in order; with USB HID, one whole report. It must take them all: it may wait for room, for
 * less than a second. Bytes that a dead line loses do no harm; the books of the exchange find it out. `bytes` is the library's and is
 * overwritten after the call.
 */
typedef void kf_write(void *context, const uint8_t *bytes, size_t length);

typedef struct {
  kf_write *write;
  void *context;
  uint32_t crc;
  /* 0: a byte stream. */
  uint16_t report_bytes;
  /* 0: none. */
  uint8_t report_id;
  uint8_t sequence;
  /* Nothing of the message has gone out in a report. */
  bool first;
  uint16_t length;
  /* A group with its length byte first, or a report. */
  uint8_t buffer[KF_OUT_BYTES];
} kf_frame_out;

/* `report_bytes` 0: a byte stream. */
void kf_frame_out_init(kf_frame_out *out, kf_write *write, void *context, uint16_t report_bytes, uint8_t report_id);

/* One message: begin, put as often as need be, end. */
void kf_frame_begin(kf_frame_out *out);
void kf_frame_put(kf_frame_out *out, const uint8_t *bytes, size_t length);
void kf_frame_end(kf_frame_out *out);

/* A lone delimiter: ends whatever was on the line before. Nothing with reports. */
void kf_frame_delimiter(kf_frame_out *out);

typedef struct {
  uint8_t message[KF_MESSAGE_IN_MAX + KF_CHECK_BYTES];
  uint16_t length;
  /* Bytes of the present group still to come. */
  uint8_t group_left;
  bool zero_after_group;
  bool started;
  bool overlong;
  /* Of reports: the number that comes next, and whether one has come. */
  uint8_t sequence;
  bool in_sequence;
  /* Frames dropped so far: damaged, too short, too long. */
  uint32_t faults;
} kf_frame_in;

void kf_frame_in_init(kf_frame_in *in);

/*
 * Takes one byte from the line. Returns the length of the message that it ends, whose check sum is right, and 0 in all
 * other cases. The message is in->message until the next call.
 */
size_t kf_frame_take(kf_frame_in *in, uint8_t byte);

/* Takes one report of USB HID, its report ID first where it has one, likewise. */
size_t kf_report_take(kf_frame_in *in, const uint8_t *report, size_t length, uint8_t id);

/* Inside the library. */
void kf_reports_put(kf_frame_out *out, const uint8_t *bytes, size_t length);
void kf_reports_end(kf_frame_out *out);
bool kf_frame_is_proved(const kf_frame_in *in);

#endif
