#include "message.h"

#include <string.h>

#include <pb_decode.h>
#include <pb_encode.h>

typedef struct {
  const uint8_t *bytes;
  size_t length;
} span;

static bool to_frame(pb_ostream_t *stream, const pb_byte_t *bytes, size_t length) {
  kf_frame_put(stream->state, bytes, length);
  return true;
}

/* Called twice: once to count, once to write. */
static bool put_key(pb_ostream_t *stream, const pb_field_t *field, void *const *argument) {
  const span *key = *argument;
  return pb_encode_tag_for_field(stream, field) && pb_encode_string(stream, key->bytes, key->length);
}

bool kf_send(kf_frame_out *out, const kf_Envelope *envelope) {
  pb_ostream_t stream = {&to_frame, out, SIZE_MAX, 0, NULL};
  kf_frame_begin(out);
  const bool whole = pb_encode(&stream, kf_Envelope_fields, envelope);
  /* A wrong check sum makes the far end drop what was begun. */
  if (!whole) out->crc = ~out->crc;
  kf_frame_end(out);
  return whole;
}

bool kf_send_block(kf_frame_out *out, uint64_t number, const uint8_t *bytes, size_t length) {
  span key = {bytes, length};
  kf_Envelope envelope = kf_Envelope_init_zero;
  envelope.which_message = kf_Envelope_key_block_tag;
  envelope.message.key_block.number = number;
  envelope.message.key_block.bytes.funcs.encode = put_key;
  envelope.message.key_block.bytes.arg = &key;
  return kf_send(out, &envelope);
}

bool kf_read(kf_Envelope *envelope, const uint8_t *message, size_t length) {
  pb_istream_t stream = pb_istream_from_buffer(message, length);
  memset(envelope, 0, sizeof *envelope);
  return pb_decode(&stream, kf_Envelope_fields, envelope);
}
