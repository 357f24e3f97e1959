#include "message.h"

#include <string.h>

#include <pb_decode.h>
#include <pb_encode.h>

#define PIECE_BYTES 64

typedef struct {
  kf_frame_out *out;
  kf_aead aead;
  bool sealing;
} sink;

static bool put(pb_ostream_t *stream, const pb_byte_t *bytes, size_t length) {
  sink *to = stream->state;
  if (!to->sealing) {
    kf_frame_put(to->out, bytes, length);
    return true;
  }
  uint8_t piece[PIECE_BYTES];
  while (length > 0) {
    const size_t now = length < sizeof piece ? length : sizeof piece;
    memcpy(piece, bytes, now);
    kf_aead_seal(&to->aead, piece, now);
    kf_frame_put(to->out, piece, now);
    bytes += now;
    length -= now;
  }
  return true;
}

static void end(sink *to, bool whole) {
  uint8_t tag[KF_TAG_BYTES];
  if (to->sealing) {
    kf_aead_tag(&to->aead, tag);
    kf_frame_put(to->out, tag, sizeof tag);
  }
  /* A wrong check sum makes the far end drop what was begun. */
  if (!whole) to->out->crc = ~to->out->crc;
  kf_frame_end(to->out);
}

bool kf_send(kf_frame_out *out, kf_channel *channel, const kf_Envelope *envelope) {
  uint8_t head[KF_RECORD_HEAD];
  sink to;
  to.out = out;
  to.sealing = channel->has_key;
  if (to.sealing && !kf_channel_begin(channel, &to.aead, head)) return false;
  kf_frame_begin(out);
  if (to.sealing) kf_frame_put(out, head, sizeof head);
  pb_ostream_t stream = {&put, &to, SIZE_MAX, 0, NULL};
  const bool whole = pb_encode(&stream, kf_Envelope_fields, envelope);
  end(&to, whole);
  return whole;
}

/* Called twice: once to count, once to write. */
static bool put_key(pb_ostream_t *stream, const pb_field_t *field, void *const *argument) {
  const kf_part *part = *argument;
  return pb_encode_tag_for_field(stream, field) && pb_encode_string(stream, part->bytes, part->length);
}

bool kf_send_part(kf_frame_out *out, kf_channel *channel, const kf_part *part) {
  kf_part lent = *part;
  kf_Envelope envelope = kf_Envelope_init_zero;
  envelope.which_message = kf_Envelope_key_block_tag;
  envelope.message.key_block = *part->message;
  envelope.message.key_block.bytes.funcs.encode = put_key;
  envelope.message.key_block.bytes.arg = &lent;
  return kf_send(out, channel, &envelope);
}

void kf_send_bare(kf_frame_out *out, const uint8_t *bytes, size_t length) {
  kf_frame_begin(out);
  kf_frame_put(out, bytes, length);
  kf_frame_end(out);
}

bool kf_read(kf_Envelope *envelope, const uint8_t *bytes, size_t length) {
  pb_istream_t stream = pb_istream_from_buffer(bytes, length);
  memset(envelope, 0, sizeof *envelope);
  return pb_decode(&stream, kf_Envelope_fields, envelope);
}
