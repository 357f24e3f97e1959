/*
 * Throws at a module what a line may throw at it: noise, frames with damage, true frames with false messages, messages
 * out of turn. Meant to run under the sanitizers. Checks on the way that no block is lost or freed twice, and that a
 * module with a key never sends an envelope in the clear.
 *
 *     fuzz SEED ROUNDS
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pb_encode.h>

#include "../crypto/bytes.h"
#include "../message.h"
#include "../module.h"

#define ROOM 8
#define BLOCK_BYTES 700
#define STEPS 400

#define CHECK(holds)                                                        \
  do {                                                                      \
    if (!(holds)) {                                                         \
      fprintf(stderr, "line %d: %s does not hold\n", __LINE__, #holds);     \
      exit(1);                                                              \
    }                                                                       \
  } while (0)

typedef struct {
  kf_module module;
  kf_block books[ROOM];
  uint8_t memory[ROOM + 1][BLOCK_BYTES];
  bool lent[ROOM + 1];
  uint64_t next_number;
  bool is_record;
  uint64_t counter;
  uint32_t now;
  /* Where the module's output stands: bytes since the delimiter. */
  size_t out_at;
} bench;

static uint64_t state;
static uint64_t accepted;
static uint64_t opened;
static uint64_t stored;

static uint32_t any(uint32_t below) {
  state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(state >> 33) % below;
}

static bool any_bytes(void *context, uint8_t *bytes, size_t length) {
  (void)context;
  for (size_t i = 0; i < length; i++) bytes[i] = (uint8_t)any(256);
  return any(8) != 0;
}

/* The second byte of a frame is the first of its message, unless the first says that this is a zero: a record. */
static void take_output(void *context, const uint8_t *bytes, size_t length) {
  bench *self = context;
  if (self->module.out.report_bytes != 0) {
    const uint8_t *at = bytes + (self->module.out.report_id != 0 ? 1 : 0);
    CHECK(length == self->module.out.report_bytes);
    if (self->module.channel.has_key && (at[2] & 0x80) != 0) CHECK(at[3] <= KF_NO_CHANNEL);
    return;
  }
  for (size_t i = 0; i < length; i++) {
    if (bytes[i] == 0) {
      self->out_at = 0;
      continue;
    }
    if (self->module.channel.has_key && self->out_at == 1 && !self->is_record) CHECK(bytes[i] <= KF_NO_CHANNEL);
    if (self->out_at == 0) self->is_record = bytes[i] == 1;
    self->out_at++;
  }
}

static void forgot(void *context, const kf_block *block, kf_why why) {
  bench *self = context;
  stored += why == KF_STORED;
  const size_t at = (size_t)(block->bytes - self->memory[0]) / BLOCK_BYTES;
  CHECK(at <= ROOM && self->lent[at]);
  for (size_t i = 0; i < block->length; i++) CHECK(block->bytes[i] == 0);
  self->lent[at] = false;
}

static kf_outcome command(void *context, kf_action action, uint32_t token) {
  (void)context;
  (void)action;
  (void)token;
  return (kf_outcome)any(4);
}

static void add_block(bench *self) {
  size_t at = 0;
  while (self->lent[at]) at++;
  memset(self->memory[at], 0xA5, BLOCK_BYTES);
  self->lent[at] = true;
  if (kf_module_add(&self->module, self->next_number++, self->memory[at], 1 + any(BLOCK_BYTES), 0.01)) return;
  self->lent[at] = false;
}

static size_t any_envelope(const bench *self, uint8_t *bytes, size_t room) {
  static const pb_size_t kinds[] = {
      kf_Envelope_agent_hello_tag, kf_Envelope_credit_tag, kf_Envelope_acknowledge_tag, kf_Envelope_acknowledge_tag,
      kf_Envelope_zeroize_tag,     kf_Envelope_ping_tag,   kf_Envelope_command_tag,     kf_Envelope_hello_tag,
  };
  kf_Envelope envelope;
  memset(&envelope, 0, sizeof envelope);
  envelope.which_message = kinds[any(any(4) == 0 ? 8 : 4)];
  if (envelope.which_message == kf_Envelope_agent_hello_tag) {
    envelope.message.agent_hello.opening = any(5);
    envelope.message.agent_hello.protocol_min = any(3);
    envelope.message.agent_hello.protocol_max = any(4);
    envelope.message.agent_hello.max_block_bytes = 600 + any(400);
    envelope.message.agent_hello.max_part_bytes = any(400);
  } else if (envelope.which_message == kf_Envelope_credit_tag) {
    envelope.message.credit.parts = any(2000);
  } else if (envelope.which_message == kf_Envelope_acknowledge_tag) {
    envelope.message.acknowledge.stored_count = (pb_size_t)any(8);
    for (int i = 0; i < 8; i++) envelope.message.acknowledge.stored[i] = self->next_number - any(12);
    envelope.message.acknowledge.has_refused = any(2) == 0;
    envelope.message.acknowledge.refused.number = self->next_number - any(12);
  } else if (envelope.which_message == kf_Envelope_command_tag) {
    envelope.message.command.action = (kf_Action)any(5);
  }
  pb_ostream_t stream = pb_ostream_from_buffer(bytes, room);
  CHECK(pb_encode(&stream, kf_Envelope_fields, &envelope));
  return stream.bytes_written;
}

static void into_module(void *context, const uint8_t *bytes, size_t length) {
  bench *self = context;
  if (self->module.out.report_bytes != 0) {
    uint8_t report[KF_REPORT_BYTES_MAX];
    memcpy(report, bytes, length);
    if (any(30) == 0) report[any((uint32_t)length)] ^= (uint8_t)(1u << any(8));
    if (any(30) != 0) kf_module_receive(&self->module, report, any(30) == 0 ? any((uint32_t)length) : length, self->now);
    return;
  }
  for (size_t i = 0; i < length; i++) {
    uint8_t byte = bytes[i];
    if (any(900) == 0) byte ^= (uint8_t)(1u << any(8));
    if (any(900) == 0) continue;
    kf_module_receive(&self->module, &byte, 1, self->now);
  }
}

static size_t seal(bench *self, uint8_t *message, const uint8_t *envelope, size_t length) {
  kf_aead aead;
  message[0] = KF_RECORD;
  self->counter += any(3);
  kf_put64(message + 1, self->counter);
  memcpy(message + KF_RECORD_HEAD, envelope, length);
  kf_aead_begin(&aead, self->module.channel.receive_key, self->counter, NULL, 0);
  kf_aead_seal(&aead, message + KF_RECORD_HEAD, length);
  kf_aead_tag(&aead, message + KF_RECORD_HEAD + length);
  return KF_RECORD_HEAD + length + KF_TAG_BYTES;
}

/* A true frame; its message may be false. */
static void send_message(bench *self) {
  uint8_t envelope[230];
  uint8_t message[300];
  size_t length = any_envelope(self, envelope, sizeof envelope);
  if (any(3) == 0) envelope[any((uint32_t)length)] = (uint8_t)any(256);
  if (any(10) == 0) length = 1 + any((uint32_t)length);
  const uint64_t before = self->counter;
  if (self->module.channel.is_open && any(10) != 0) {
    length = seal(self, message, envelope, length);
    if (any(8) == 0) message[any((uint32_t)length)] ^= 1;
  } else {
    memcpy(message, envelope, length);
  }
  if (any(20) == 0) message[0] = (uint8_t)any(9);
  kf_frame_out out;
  kf_frame_out_init(&out, into_module, self, self->module.out.report_bytes, self->module.out.report_id);
  kf_send_bare(&out, message, length);
  accepted += self->counter != before;
}

static void send_noise(bench *self) {
  uint8_t bytes[600];
  const size_t length = any(sizeof bytes);
  for (size_t i = 0; i < length; i++) bytes[i] = (uint8_t)any(any(4) == 0 ? 4 : 256);
  kf_module_receive(&self->module, bytes, length, self->now);
}

/* A handshake can't be guessed: the channel is put in place, as if one had been made. */
static void open_channel(bench *self) {
  any_bytes(NULL, self->module.channel.receive_key, KF_KEY_BYTES);
  any_bytes(NULL, self->module.channel.send_key, KF_KEY_BYTES);
  self->module.channel.receive_counter = 0;
  self->module.channel.is_open = true;
  self->counter = 0;
}

static void step(bench *self) {
  switch (any(12)) {
    case 0:
      send_noise(self);
      break;
    case 1:
    case 2:
      add_block(self);
      break;
    case 3:
      self->now += any(2000);
      break;
    case 4:
      if (self->module.channel.has_key && any(6) == 0) open_channel(self);
      if (any(40) == 0) kf_module_start(&self->module);
      break;
    case 5:
      kf_module_alarm(&self->module, "dark-counts", "detector 1", any(2) == 0, any(2) == 0);
      break;
    case 6:
    case 7:
      kf_module_tick(&self->module, self->now);
      while (kf_module_send_next(&self->module)) continue;
      break;
    default:
      send_message(self);
  }
  size_t lent = 0;
  for (size_t i = 0; i <= ROOM; i++) lent += self->lent[i];
  CHECK(self->module.held == lent && lent <= ROOM);
  opened += kf_module_is_open(&self->module);
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  const unsigned long rounds = strtoul(arguments[2], NULL, 10);
  for (unsigned long round = 0; round < rounds; round++) {
    static bench self;
    static const uint8_t key[KF_KEY_BYTES] = {1, 2, 3};
    state = strtoull(arguments[1], NULL, 10) * 1000003 + round;
    memset(&self, 0, sizeof self);
    const kf_hooks hooks = {take_output, any_bytes, forgot, command, &self};
    const kf_identity identity = {"m", "L1", KF_TX, "1", BLOCK_BYTES, 64 + any(400), round % 2 == 0 ? key : NULL,
                                  round % 4 >= 2 ? 64 : 0, round % 8 >= 6 ? 7 : 0};
    CHECK(kf_module_init(&self.module, &identity, self.books, ROOM, &hooks));
    kf_module_start(&self.module);
    for (int i = 0; i < STEPS; i++) step(&self);
    kf_module_zeroize(&self.module);
    CHECK(self.module.held == 0);
  }
  printf("%lu rounds, %" PRIu64 " sealed messages, %" PRIu64 " steps with an opening, %" PRIu64 " blocks stored\n", rounds, accepted,
         opened, stored);
  return accepted > 0 && opened > 0 && stored > 0 ? 0 : 1;
}
