/*
 * The module's side of the protected channel (../README.md, "Channel"): Noise_NNpsk0_25519_ChaChaPoly_BLAKE2b, the agent
 * being the initiator. With a key in the module nothing leaves it unsealed.
 */
#ifndef KF_CHANNEL_H
#define KF_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/aead.h"

#define KF_KEY_BYTES 32
/* Channel open and channel answer: a byte that says which, X25519 point, tag. */
#define KF_HANDSHAKE_BYTES 49
#define KF_RECORD 0x00
#define KF_CHANNEL_OPEN 0x01
#define KF_CHANNEL_ANSWER 0x02
#define KF_NO_CHANNEL 0x03
/* First byte of every plain envelope, or more. */
#define KF_ENVELOPE_MIN 0x08
/* What a record has before its envelope; its tag comes behind. */
#define KF_RECORD_HEAD 9
#define KF_COUNTER_MAX ((UINT64_C(1) << 48) - 1)

/* Fills `bytes` from a source that nobody can foretell. False when there is none: no channel is made then. */
typedef bool kf_random(void *context, uint8_t *bytes, size_t length);

typedef struct {
  bool has_key;
  bool is_open;
  uint8_t key[KF_KEY_BYTES];
  uint8_t send_key[KF_KEY_BYTES];
  uint8_t receive_key[KF_KEY_BYTES];
  /* Counter of the next record to send, and the least that is taken. */
  uint64_t send_counter;
  uint64_t receive_counter;
  uint8_t open[KF_HANDSHAKE_BYTES];
  uint8_t answer[KF_HANDSHAKE_BYTES];
} kf_channel;

typedef enum { KF_HANDSHAKE_WRONG, KF_HANDSHAKE_AGAIN, KF_HANDSHAKE_NEW } kf_handshake;

/* `key` NULL: a module without a key. */
void kf_channel_init(kf_channel *channel, const uint8_t *key);

/*
 * Takes a channel open. New: a channel has been made. Again: it is the one that there is. In both cases
 * channel->answer is to be sent. Wrong: nothing changed.
 */
kf_handshake kf_channel_take(kf_channel *channel, const uint8_t open[KF_HANDSHAKE_BYTES], kf_random *random,
                             void *context);

/*
 * Opens a record in place. Returns the length of the envelope, which is at record + KF_RECORD_HEAD, or 0 for a record
 * that is to be dropped: false, taken before, or none.
 */
size_t kf_channel_unseal(kf_channel *channel, uint8_t *record, size_t length);

/* Begins a record to the agent: writes its head, and makes `aead` ready for the envelope. False without a channel. */
bool kf_channel_begin(kf_channel *channel, kf_aead *aead, uint8_t head[KF_RECORD_HEAD]);

#endif
