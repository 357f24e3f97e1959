/* Messages in numbered reports (../README.md, "Framing on USB HID"). */
#include <string.h>

#include "frame.h"

#define HEAD_BYTES 3
#define LENGTH_MASK 0x03FF
#define LAST 0x4000
#define FIRST 0x8000

static size_t head_bytes(const kf_frame_out *out) {
  return out->report_id == 0 ? HEAD_BYTES : HEAD_BYTES + 1;
}

/* Sends the piece that has been gathered. */
static void send_report(kf_frame_out *out, bool last) {
  const size_t head = head_bytes(out);
  const uint16_t word = (uint16_t)(out->length | (out->first ? FIRST : 0) | (last ? LAST : 0));
  uint8_t *at = out->buffer;
  if (out->report_id != 0) *at++ = out->report_id;
  at[0] = out->sequence++;
  at[1] = (uint8_t)word;
  at[2] = (uint8_t)(word >> 8);
  memset(out->buffer + head + out->length, 0, out->report_bytes - head - out->length);
  out->write(out->context, out->buffer, out->report_bytes);
  out->first = false;
  out->length = 0;
}

void kf_reports_put(kf_frame_out *out, const uint8_t *bytes, size_t length) {
  const size_t head = head_bytes(out);
  for (size_t i = 0; i < length; i++) {
    /* A full report leaves only when something follows it: it may be the last. */
    if (head + out->length == out->report_bytes) send_report(out, false);
    out->buffer[head + out->length++] = bytes[i];
  }
}

void kf_reports_end(kf_frame_out *out) {
  send_report(out, true);
}

static size_t drop(kf_frame_in *in) {
  if (in->started) in->faults++;
  in->started = false;
  in->length = 0;
  return 0;
}

static bool is_next(kf_frame_in *in, uint8_t sequence) {
  const bool next = !in->in_sequence || sequence == in->sequence;
  in->in_sequence = true;
  in->sequence = (uint8_t)(sequence + 1);
  return next;
}

size_t kf_report_take(kf_frame_in *in, const uint8_t *report, size_t length, uint8_t id) {
  if (id != 0) {
    /* Another one of the device's. */
    if (length == 0 || report[0] != id) return 0;
    report++;
    length--;
  }
  if (length < HEAD_BYTES) return drop(in);
  const uint16_t word = (uint16_t)(report[1] | report[2] << 8);
  const size_t piece = word & LENGTH_MASK;
  /* A report is missing: what was being gathered is not whole. */
  if (!is_next(in, report[0])) drop(in);
  if (piece == 0 || piece > length - HEAD_BYTES || (word & ~(LENGTH_MASK | LAST | FIRST)) != 0) return drop(in);
  if ((word & FIRST) != 0) {
    drop(in);
    in->started = true;
  }
  if (!in->started) return 0;
  if (piece > sizeof in->message - in->length) return drop(in);
  memcpy(in->message + in->length, report + HEAD_BYTES, piece);
  in->length = (uint16_t)(in->length + piece);
  if ((word & LAST) == 0) return 0;
  if (!kf_frame_is_proved(in)) return drop(in);
  const size_t message = in->length - (size_t)KF_CHECK_BYTES;
  in->started = false;
  in->length = 0;
  return message;
}
