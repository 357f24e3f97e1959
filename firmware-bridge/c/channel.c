#include "channel.h"

#include <string.h>

#include "crypto/blake2b.h"
#include "crypto/bytes.h"
#include "crypto/x25519.h"
#include "wipe.h"

#define POINT_BYTES KF_X25519_BYTES

/* Noise's symmetric state. */
typedef struct {
  uint8_t h[KF_HASH_BYTES];
  uint8_t ck[KF_HASH_BYTES];
  uint8_t k[KF_HASH_BYTES];
} state;

static void mix_hash(state *noise, const uint8_t *bytes, size_t length) {
  kf_blake2b hash;
  kf_blake2b_init(&hash);
  kf_blake2b_update(&hash, noise->h, sizeof noise->h);
  kf_blake2b_update(&hash, bytes, length);
  kf_blake2b_final(&hash, noise->h);
}

static void mix_key(state *noise, const uint8_t *bytes, size_t length) {
  uint8_t *const outputs[2] = {noise->ck, noise->k};
  kf_hkdf(outputs, 2, noise->ck, bytes, length);
}

static void begin(state *noise, const uint8_t key[KF_KEY_BYTES]) {
  static const char name[] = "Noise_NNpsk0_25519_ChaChaPoly_BLAKE2b";
  static const char prologue[] = "keyferry bridge channel 1";
  uint8_t t[KF_HASH_BYTES];
  memset(noise, 0, sizeof *noise);
  memcpy(noise->h, name, sizeof name - 1);
  memcpy(noise->ck, noise->h, sizeof noise->ck);
  mix_hash(noise, (const uint8_t *)prologue, sizeof prologue - 1);
  uint8_t *const outputs[3] = {noise->ck, t, noise->k};
  kf_hkdf(outputs, 3, noise->ck, key, KF_KEY_BYTES);
  mix_hash(noise, t, sizeof t);
  kf_wipe(t, sizeof t);
}

static void take_point(state *noise, const uint8_t point[POINT_BYTES]) {
  mix_hash(noise, point, POINT_BYTES);
  mix_key(noise, point, POINT_BYTES);
}

static void empty_tag(const state *noise, uint8_t tag[KF_TAG_BYTES]) {
  kf_aead aead;
  kf_aead_begin(&aead, noise->k, 0, noise->h, sizeof noise->h);
  kf_aead_tag(&aead, tag);
}

static bool is_right(const state *noise, const uint8_t tag[KF_TAG_BYTES]) {
  uint8_t own[KF_TAG_BYTES];
  uint8_t difference = 0;
  empty_tag(noise, own);
  for (int i = 0; i < KF_TAG_BYTES; i++) difference |= (uint8_t)(own[i] ^ tag[i]);
  kf_wipe(own, sizeof own);
  return difference == 0;
}

/* The agent's point is taken: makes the module's own and the answer. False when a key can't be agreed on. */
static bool answer(state *noise, const uint8_t *agent_point, kf_random *random, void *context, uint8_t *out) {
  uint8_t secret[POINT_BYTES];
  uint8_t shared[POINT_BYTES];
  uint8_t any = 0;
  if (!random(context, secret, sizeof secret)) return false;
  out[0] = KF_CHANNEL_ANSWER;
  kf_x25519(out + 1, secret, NULL);
  kf_x25519(shared, secret, agent_point);
  for (size_t i = 0; i < sizeof shared; i++) any |= shared[i];
  take_point(noise, out + 1);
  mix_key(noise, shared, sizeof shared);
  empty_tag(noise, out + 1 + POINT_BYTES);
  kf_wipe(secret, sizeof secret);
  kf_wipe(shared, sizeof shared);
  return any != 0;
}

static void split(kf_channel *channel, state *noise) {
  mix_key(noise, NULL, 0);
  memcpy(channel->receive_key, noise->ck, KF_KEY_BYTES);
  memcpy(channel->send_key, noise->k, KF_KEY_BYTES);
  channel->send_counter = 0;
  channel->receive_counter = 0;
  channel->is_open = true;
}

void kf_channel_init(kf_channel *channel, const uint8_t *key) {
  memset(channel, 0, sizeof *channel);
  if (key == NULL) return;
  channel->has_key = true;
  memcpy(channel->key, key, KF_KEY_BYTES);
}

kf_handshake kf_channel_take(kf_channel *channel, const uint8_t open[KF_HANDSHAKE_BYTES], kf_random *random,
                             void *context) {
  if (channel->is_open && memcmp(open, channel->open, KF_HANDSHAKE_BYTES) == 0) return KF_HANDSHAKE_AGAIN;
  state noise;
  uint8_t out[KF_HANDSHAKE_BYTES];
  begin(&noise, channel->key);
  take_point(&noise, open + 1);
  bool taken = is_right(&noise, open + 1 + POINT_BYTES);
  if (taken) {
    mix_hash(&noise, open + 1 + POINT_BYTES, KF_TAG_BYTES);
    taken = answer(&noise, open + 1, random, context, out);
  }
  if (taken) {
    split(channel, &noise);
    memcpy(channel->open, open, KF_HANDSHAKE_BYTES);
    memcpy(channel->answer, out, KF_HANDSHAKE_BYTES);
  }
  kf_wipe(&noise, sizeof noise);
  return taken ? KF_HANDSHAKE_NEW : KF_HANDSHAKE_WRONG;
}

size_t kf_channel_unseal(kf_channel *channel, uint8_t *record, size_t length) {
  if (!channel->is_open || length <= KF_RECORD_HEAD + KF_TAG_BYTES) return 0;
  const uint64_t counter = kf_get64(record + 1);
  if (counter < channel->receive_counter || counter > KF_COUNTER_MAX) return 0;
  const size_t envelope = length - KF_RECORD_HEAD - KF_TAG_BYTES;
  if (!kf_aead_open(channel->receive_key, counter, NULL, 0, record + KF_RECORD_HEAD, envelope)) return 0;
  channel->receive_counter = counter + 1;
  return envelope;
}

bool kf_channel_begin(kf_channel *channel, kf_aead *aead, uint8_t head[KF_RECORD_HEAD]) {
  if (!channel->is_open || channel->send_counter > KF_COUNTER_MAX) return false;
  head[0] = KF_RECORD;
  kf_put64(head + 1, channel->send_counter);
  kf_aead_begin(aead, channel->send_key, channel->send_counter, NULL, 0);
  channel->send_counter++;
  return true;
}
