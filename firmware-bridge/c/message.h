/* Messages out of and into frames. nanopb does the protobuf; key is taken from where it lies and never copied. */
#ifndef KF_MESSAGE_H
#define KF_MESSAGE_H

#include "bridge.pb.h"
#include "frame.h"

/* Sends an envelope as one frame. Not for key_block. False when a field is out of bounds: the frame is then spoilt. */
bool kf_send(kf_frame_out *out, const kf_Envelope *envelope);

/* Sends key_block with `length` bytes from `bytes`, which stay the caller's. */
bool kf_send_block(kf_frame_out *out, uint64_t number, const uint8_t *bytes, size_t length);

/* Reads a message. False when it is not an envelope. which_message is 0 for a message that this version does not know. */
bool kf_read(kf_Envelope *envelope, const uint8_t *message, size_t length);

#endif
