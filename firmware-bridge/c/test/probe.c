/*
 * Answers questions about the library's parts, one a line, so that a test in another language can compare them with
 * other implementations. Words are hexadecimal ("-" for nothing) or numbers.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../crc32c.h"
#include "../crypto/blake2b.h"
#include "../crypto/x25519.h"
#include "../internal.h"
#include "../message.h"
#include "../module.h"

#define WORDS_MAX 8
#define LINE_MAX_BYTES 300000

typedef struct {
  uint8_t *bytes;
  size_t length;
} text;

static text words[WORDS_MAX];
static const char *raw[WORDS_MAX];
static kf_channel plain;

static text from_hex(const char *hex) {
  text out = {malloc(strlen(hex) / 2 + 1), 0};
  unsigned byte;
  while (hex[0] != 0 && hex[1] != 0 && sscanf(hex, "%2x", &byte) == 1) {
    out.bytes[out.length++] = (uint8_t)byte;
    hex += 2;
  }
  return out;
}

static void print(const uint8_t *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) printf("%02x", bytes[i]);
}

static void write_hex(void *context, const uint8_t *bytes, size_t length) {
  (void)context;
  print(bytes, length);
}

static kf_frame_out printer(void) {
  kf_frame_out out;
  kf_frame_out_init(&out, write_hex, NULL, 0, 0);
  return out;
}

static void unframe(void) {
  kf_frame_in in;
  kf_frame_in_init(&in);
  for (size_t i = 0; i < words[0].length; i++) {
    const size_t length = kf_frame_take(&in, words[0].bytes[i]);
    if (length == 0) continue;
    print(in.message, length);
    printf(" ");
  }
  printf("%" PRIu32, in.faults);
}

static void reencode(void) {
  kf_Envelope envelope;
  kf_frame_out out = printer();
  if (!kf_read(&envelope, words[0].bytes, words[0].length)) printf("none");
  else if (envelope.which_message == 0) printf("unknown");
  else kf_send(&out, &plain, &envelope);
}

static void block(void) {
  kf_frame_out out = printer();
  kf_KeyBlock message = kf_KeyBlock_init_zero;
  message.number = strtoull(raw[0], NULL, 10);
  message.offset = (uint32_t)strtoul(raw[2], NULL, 10);
  message.total = (uint32_t)strtoul(raw[3], NULL, 10);
  message.has_qber = strcmp(raw[4], "-") != 0;
  message.qber = strtod(raw[4], NULL);
  const kf_part part = {&message, words[1].bytes, words[1].length};
  kf_send_part(&out, &plain, &part);
}

static void hash(void) {
  uint8_t out[KF_HASH_BYTES];
  kf_blake2b state;
  kf_blake2b_init(&state);
  kf_blake2b_update(&state, words[0].bytes, words[0].length);
  kf_blake2b_final(&state, out);
  print(out, sizeof out);
}

static void hmac(void) {
  uint8_t out[KF_HASH_BYTES];
  kf_hmac(out, words[0].bytes, words[1].bytes, words[1].length);
  print(out, sizeof out);
}

/* x25519 SCALAR POINT|- [ROUNDS]: as RFC 7748 §5.2 repeats it. */
static void x25519(void) {
  uint8_t out[KF_X25519_BYTES];
  unsigned long rounds = strtoul(raw[2], NULL, 10);
  kf_x25519(out, words[0].bytes, words[1].length == 0 ? NULL : words[1].bytes);
  while (rounds-- > 1) {
    memcpy(words[1].bytes, words[0].bytes, sizeof out);
    memcpy(words[0].bytes, out, sizeof out);
    kf_x25519(out, words[0].bytes, words[1].bytes);
  }
  print(out, sizeof out);
}

/* seal KEY NONCE DATA TEXT, the text in pieces of 7 bytes. */
static void seal(void) {
  kf_aead aead;
  uint8_t tag[KF_TAG_BYTES];
  kf_aead_begin(&aead, words[0].bytes, strtoull(raw[1], NULL, 10), words[2].bytes, words[2].length);
  for (size_t at = 0; at < words[3].length; at += 7) {
    const size_t left = words[3].length - at;
    kf_aead_seal(&aead, words[3].bytes + at, left < 7 ? left : 7);
  }
  kf_aead_tag(&aead, tag);
  print(words[3].bytes, words[3].length);
  print(tag, sizeof tag);
}

static void unseal(void) {
  if (words[3].length < KF_TAG_BYTES) return;
  const size_t length = words[3].length - KF_TAG_BYTES;
  const uint64_t nonce = strtoull(raw[1], NULL, 10);
  if (kf_aead_open(words[0].bytes, nonce, words[2].bytes, words[2].length, words[3].bytes, length)) {
    print(words[3].bytes, length);
  } else {
    printf("false");
  }
}

static bool given_secret(void *context, uint8_t *bytes, size_t length) {
  const text *secret = context;
  memcpy(bytes, secret->bytes, length);
  return true;
}

/* handshake KEY OPEN SECRET: the answer, the agent's key, the module's key. */
static void handshake(void) {
  kf_channel channel;
  kf_channel_init(&channel, words[0].bytes);
  if (words[1].length != KF_HANDSHAKE_BYTES) return;
  if (kf_channel_take(&channel, words[1].bytes, given_secret, &words[2]) != KF_HANDSHAKE_NEW) {
    printf("false");
    return;
  }
  print(channel.answer, sizeof channel.answer);
  printf(" ");
  print(channel.receive_key, sizeof channel.receive_key);
  printf(" ");
  print(channel.send_key, sizeof channel.send_key);
}

static void crc(void) {
  printf("%08" PRIx32, kf_crc32c_final(kf_crc32c_update(KF_CRC32C_START, words[0].bytes, words[0].length)));
}

static void frame(void) {
  kf_frame_out out = printer();
  kf_send_bare(&out, words[0].bytes, words[0].length);
}

static void write_line(void *context, const uint8_t *bytes, size_t length) {
  write_hex(context, bytes, length);
  printf(" ");
}

/* reports MESSAGE SIZE ID SEQUENCE */
static void reports(void) {
  kf_frame_out out;
  kf_frame_out_init(&out, write_line, NULL, (uint16_t)atoi(raw[1]), (uint8_t)atoi(raw[2]));
  out.sequence = (uint8_t)atoi(raw[3]);
  kf_send_bare(&out, words[0].bytes, words[0].length);
}

/* unreport REPORTS SIZE ID: reports one after the other. */
static void unreport(void) {
  const size_t size = (size_t)atoi(raw[1]);
  kf_frame_in in;
  kf_frame_in_init(&in);
  for (size_t at = 0; size > 0 && at < words[0].length; at += size) {
    const size_t left = words[0].length - at;
    const size_t length = kf_report_take(&in, words[0].bytes + at, left < size ? left : size, (uint8_t)atoi(raw[2]));
    if (length == 0) continue;
    print(in.message, length);
    printf(" ");
  }
  printf("%" PRIu32, in.faults);
}

#define MANY 256

static void send_all(kf_module *module) {
  while (kf_module_send_next(module)) {}
  printf("%" PRIu64 " ", module->opening.parts_sent);
}

static void discard(void *context, const uint8_t *bytes, size_t length) {
  (void)context, (void)bytes, (void)length;
}

/* unanswered HELD ANSWERS: parts that go out of so many blocks of two parts each, with credit for all; and after so many answers. */
static void unanswered(void) {
  static kf_block books[MANY];
  static uint8_t bytes[MANY][100];
  kf_module module;
  const kf_identity identity = {"m", "L1", KF_TX, "1", 100, 64, NULL, 0, 0};
  kf_hooks hooks;
  memset(&hooks, 0, sizeof hooks);
  hooks.write = discard;
  if (!kf_module_init(&module, &identity, books, MANY, &hooks)) return;
  module.opening.number = 1;
  module.opening.credit = 1000;
  module.opening.part_bytes = 64;
  for (int i = 0; i < atoi(raw[0]); i++) kf_module_add(&module, (uint64_t)i, bytes[i], 100, -1);
  send_all(&module);
  for (int i = 0; i < atoi(raw[1]); i++) kf_answered(&module, (uint64_t)i, KF_STORED);
  send_all(&module);
}

static void sizes(void) {
  printf("%zu %zu", sizeof(kf_module), sizeof(kf_block));
}

static const struct {
  const char *name;
  void (*answer)(void);
} questions[] = {
    {"crc", crc},   {"frame", frame}, {"unframe", unframe}, {"reencode", reencode}, {"block", block}, {"hash", hash},
    {"hmac", hmac}, {"seal", seal},   {"unseal", unseal},   {"x25519", x25519},     {"sizes", sizes}, {"handshake", handshake},
    {"reports", reports}, {"unreport", unreport}, {"unanswered", unanswered},
};

int main(void) {
  static char line[LINE_MAX_BYTES];
  while (fgets(line, sizeof line, stdin) != NULL) {
    const char *name = strtok(line, " \n");
    if (name == NULL) continue;
    for (int i = 0; i < WORDS_MAX; i++) {
      raw[i] = strtok(NULL, " \n");
      if (raw[i] == NULL) raw[i] = "-";
      words[i] = from_hex(raw[i]);
    }
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
      if (strcmp(questions[i].name, name) == 0) questions[i].answer();
    }
    printf("\n");
    for (int i = 0; i < WORDS_MAX; i++) free(words[i].bytes);
  }
  return 0;
}
