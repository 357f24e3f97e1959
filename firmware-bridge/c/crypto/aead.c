#include "aead.h"

#include "../wipe.h"
#include "bytes.h"

static void pad(kf_poly1305 *mac, uint64_t length) {
  static const uint8_t zeros[16] = {0};
  kf_poly1305_update(mac, zeros, (size_t)(-length & 15));
}

void kf_aead_begin(kf_aead *aead, const uint8_t key[32], uint64_t nonce, const uint8_t *data, size_t length) {
  uint8_t mac_key[32] = {0};
  kf_chacha20_init(&aead->cipher, key, nonce, 0);
  kf_chacha20_mix(&aead->cipher, mac_key, sizeof mac_key);
  kf_poly1305_init(&aead->mac, mac_key);
  kf_wipe(mac_key, sizeof mac_key);
  kf_chacha20_init(&aead->cipher, key, nonce, 1);
  kf_poly1305_update(&aead->mac, data, length);
  pad(&aead->mac, length);
  aead->data_bytes = length;
  aead->text_bytes = 0;
}

void kf_aead_seal(kf_aead *aead, uint8_t *bytes, size_t length) {
  kf_chacha20_mix(&aead->cipher, bytes, length);
  kf_poly1305_update(&aead->mac, bytes, length);
  aead->text_bytes += length;
}

void kf_aead_tag(kf_aead *aead, uint8_t tag[KF_TAG_BYTES]) {
  uint8_t lengths[16];
  pad(&aead->mac, aead->text_bytes);
  kf_put64(lengths, aead->data_bytes);
  kf_put64(lengths + 8, aead->text_bytes);
  kf_poly1305_update(&aead->mac, lengths, sizeof lengths);
  kf_poly1305_final(&aead->mac, tag);
  kf_wipe(aead, sizeof *aead);
}

bool kf_aead_open(const uint8_t key[32], uint64_t nonce, const uint8_t *data, size_t data_length, uint8_t *bytes,
                  size_t length) {
  kf_aead aead;
  uint8_t tag[KF_TAG_BYTES];
  kf_aead_begin(&aead, key, nonce, data, data_length);
  kf_chacha20 cipher = aead.cipher;
  kf_poly1305_update(&aead.mac, bytes, length);
  aead.text_bytes = length;
  kf_aead_tag(&aead, tag);
  uint8_t difference = 0;
  for (int i = 0; i < KF_TAG_BYTES; i++) difference |= (uint8_t)(tag[i] ^ bytes[length + (size_t)i]);
  if (difference == 0) kf_chacha20_mix(&cipher, bytes, length);
  kf_wipe(&cipher, sizeof cipher);
  return difference == 0;
}
