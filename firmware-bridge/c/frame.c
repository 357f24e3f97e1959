#include "frame.h"

#include "crc32c.h"
#include "wipe.h"

#define DELIMITER 0
#define GROUP_MAX 255

void kf_frame_out_init(kf_frame_out *out, kf_write *write, void *context, uint16_t report_bytes, uint8_t report_id) {
  out->write = write;
  out->context = context;
  out->report_bytes = report_bytes;
  out->report_id = report_id;
  out->sequence = 0;
  kf_frame_begin(out);
}

void kf_frame_begin(kf_frame_out *out) {
  out->crc = KF_CRC32C_START;
  out->first = true;
  out->length = out->report_bytes == 0 ? 1 : 0;
}

static void end_group(kf_frame_out *out) {
  out->buffer[0] = (uint8_t)out->length;
  out->write(out->context, out->buffer, out->length);
  out->length = 1;
}

static void stuff(kf_frame_out *out, const uint8_t *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) {
    /* A full group is ended only when something follows it. */
    if (out->length == GROUP_MAX) end_group(out);
    if (bytes[i] == 0) end_group(out);
    else out->buffer[out->length++] = bytes[i];
  }
}

static void put(kf_frame_out *out, const uint8_t *bytes, size_t length) {
  if (out->report_bytes == 0) stuff(out, bytes, length);
  else kf_reports_put(out, bytes, length);
}

void kf_frame_put(kf_frame_out *out, const uint8_t *bytes, size_t length) {
  out->crc = kf_crc32c_update(out->crc, bytes, length);
  put(out, bytes, length);
}

void kf_frame_end(kf_frame_out *out) {
  const uint32_t crc = kf_crc32c_final(out->crc);
  const uint8_t check[KF_CHECK_BYTES] = {
      (uint8_t)crc,
      (uint8_t)(crc >> 8),
      (uint8_t)(crc >> 16),
      (uint8_t)(crc >> 24),
  };
  put(out, check, sizeof check);
  if (out->report_bytes == 0) end_group(out);
  else kf_reports_end(out);
  kf_frame_delimiter(out);
  kf_wipe(out->buffer, sizeof out->buffer);
}

void kf_frame_delimiter(kf_frame_out *out) {
  const uint8_t delimiter = DELIMITER;
  if (out->report_bytes == 0) out->write(out->context, &delimiter, 1);
}

void kf_frame_in_init(kf_frame_in *in) {
  in->faults = 0;
  in->length = 0;
  in->group_left = 0;
  in->zero_after_group = false;
  in->started = false;
  in->overlong = false;
  in->sequence = 0;
  in->in_sequence = false;
}

static void append(kf_frame_in *in, uint8_t byte) {
  if (in->length == sizeof in->message) in->overlong = true;
  else in->message[in->length++] = byte;
}

bool kf_frame_is_proved(const kf_frame_in *in) {
  if (in->overlong || in->group_left > 0 || in->length <= KF_CHECK_BYTES) return false;
  const size_t end = in->length - KF_CHECK_BYTES;
  const uint8_t *check = in->message + end;
  const uint32_t claimed =
      check[0] | (uint32_t)check[1] << 8 | (uint32_t)check[2] << 16 | (uint32_t)check[3] << 24;
  return kf_crc32c_final(kf_crc32c_update(KF_CRC32C_START, in->message, end)) == claimed;
}

static size_t end_frame(kf_frame_in *in) {
  const uint32_t faults = in->faults;
  size_t length = 0;
  const bool started = in->started;
  if (started && kf_frame_is_proved(in)) length = in->length - KF_CHECK_BYTES;
  kf_frame_in_init(in);
  in->faults = faults + (started && length == 0 ? 1 : 0);
  return length;
}

size_t kf_frame_take(kf_frame_in *in, uint8_t byte) {
  if (byte == DELIMITER) return end_frame(in);
  if (in->overlong) return 0;
  if (in->group_left > 0) {
    in->group_left--;
    append(in, byte);
    return 0;
  }
  if (in->zero_after_group) append(in, 0);
  in->started = true;
  in->group_left = byte - 1;
  in->zero_after_group = byte < GROUP_MAX;
  return 0;
}
