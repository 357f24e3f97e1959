/*
 * Envelopes out of and into messages: plain, or sealed in records where the module has a key. nanopb does the protobuf; key
 * is taken from where it lies, sealed in pieces of 64 bytes, and never whole in another place.
 */
#ifndef KF_MESSAGE_H
#define KF_MESSAGE_H

#include "bridge.pb.h"
#include "channel.h"
#include "frame.h"

/*
 * Sends an envelope as one frame. Not for key_block. False when nothing was sent, for the module has a key and no
 * channel, or when a field is out of bounds: the far end drops the frame then.
 */
bool kf_send(kf_frame_out *out, kf_channel *channel, const kf_Envelope *envelope);

/* A key_block but for its bytes, which stay the caller's. */
typedef struct {
  const kf_KeyBlock *message;
  const uint8_t *bytes;
  size_t length;
} kf_part;

bool kf_send_part(kf_frame_out *out, kf_channel *channel, const kf_part *part);

/* Sends bytes that are neither sealed nor an envelope. */
void kf_send_bare(kf_frame_out *out, const uint8_t *bytes, size_t length);

/* Reads an envelope. False when it is none. which_message is 0 for a message that this version does not know. */
bool kf_read(kf_Envelope *envelope, const uint8_t *bytes, size_t length);

#endif
