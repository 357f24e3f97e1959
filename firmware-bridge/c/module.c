#include "module.h"

#include <string.h>

#include "internal.h"

#define TEXT_MAX 64
#define REPORT_BYTES_MIN 64

bool kf_is_printable(const char *text, size_t min, char lowest) {
  size_t length = 0;
  for (; text[length] != 0; length++) {
    if (length == TEXT_MAX || text[length] < lowest || text[length] > '~') return false;
  }
  return length >= min;
}

static bool is_sound(const kf_identity *identity) {
  if (identity->max_block_bytes == 0 || identity->max_block_bytes > KF_BLOCK_BYTES_MAX) return false;
  const uint32_t part = identity->max_part_bytes;
  if (part != 0 && (part < KF_PART_BYTES_MIN || part > KF_PART_BYTES_MAX)) return false;
  const uint16_t report = identity->report_bytes;
  if (report != 0 && (report < REPORT_BYTES_MIN || report > KF_REPORT_BYTES_MAX)) return false;
  if (identity->role != KF_TX && identity->role != KF_RX) return false;
  return kf_is_printable(identity->module_id, 1, '!') && kf_is_printable(identity->link_id, 1, '!') &&
         kf_is_printable(identity->firmware_version, 0, ' ');
}

bool kf_module_init(kf_module *module, const kf_identity *identity, kf_block *blocks, size_t room,
                    const kf_hooks *hooks) {
  if (room == 0 || !is_sound(identity) || (identity->key != NULL && hooks->random == NULL)) return false;
  memset(module, 0, sizeof *module);
  kf_frame_out_init(&module->out, hooks->write, hooks->context, identity->report_bytes, identity->report_id);
  kf_frame_in_init(&module->in);
  kf_channel_init(&module->channel, identity->key);
  module->identity = *identity;
  if (identity->max_part_bytes == 0) module->identity.max_part_bytes = KF_PART_BYTES_MAX;
  module->identity.key = NULL;
  module->hooks = *hooks;
  module->blocks = blocks;
  module->room = room;
  return true;
}

kf_Envelope kf_envelope_of(pb_size_t which) {
  kf_Envelope envelope;
  memset(&envelope, 0, sizeof envelope);
  envelope.which_message = which;
  return envelope;
}

static void say_hello(kf_module *module, uint32_t opening) {
  kf_Envelope envelope = kf_envelope_of(kf_Envelope_hello_tag);
  kf_Hello *hello = &envelope.message.hello;
  hello->opening = opening;
  hello->protocol_min = KF_PROTOCOL_MIN;
  hello->protocol_max = KF_PROTOCOL_MAX;
  strcpy(hello->module_id, module->identity.module_id);
  strcpy(hello->link_id, module->identity.link_id);
  strcpy(hello->firmware_version, module->identity.firmware_version);
  hello->role = module->identity.role == KF_TX ? kf_Role_ROLE_TX : kf_Role_ROLE_RX;
  hello->max_block_bytes = module->identity.max_block_bytes;
  hello->max_part_bytes = module->identity.max_part_bytes;
  kf_send(&module->out, &module->channel, &envelope);
}

static void say_no_channel(kf_module *module) {
  const uint8_t message = KF_NO_CHANNEL;
  kf_send_bare(&module->out, &message, 1);
}

void kf_end_opening(kf_module *module) {
  memset(&module->opening, 0, sizeof module->opening);
  for (size_t i = 0; i < module->held; i++) module->blocks[i].sent = 0;
}

void kf_module_start(kf_module *module) {
  kf_end_opening(module);
  kf_frame_in_init(&module->in);
  kf_frame_delimiter(&module->out);
  if (!module->channel.has_key) say_hello(module, 0);
  else if (!module->channel.is_open) say_no_channel(module);
}

/* False when the agent is going to hang up, as it reads the same in our hello; nothing is sent in the meantime. */
static bool agrees(const kf_module *module, const kf_AgentHello *hello) {
  if (hello->protocol_min > KF_PROTOCOL_MAX || hello->protocol_max < KF_PROTOCOL_MIN) return false;
  return hello->max_block_bytes >= module->identity.max_block_bytes;
}

static void on_agent_hello(kf_module *module, const kf_AgentHello *hello, uint32_t now_ms) {
  const uint32_t part = hello->max_part_bytes == 0 ? KF_PART_BYTES_MAX : hello->max_part_bytes;
  if (hello->opening == 0 || part < KF_PART_BYTES_MIN || part > KF_PART_BYTES_MAX) {
    module->dropped++;
    return;
  }
  kf_end_opening(module);
  say_hello(module, hello->opening);
  if (!agrees(module, hello)) return;
  module->opening.number = hello->opening;
  module->opening.heard_ms = now_ms;
  module->opening.part_bytes = part < module->identity.max_part_bytes ? part : module->identity.max_part_bytes;
}

static void on_zeroize(kf_module *module, uint32_t token) {
  kf_Envelope envelope = kf_envelope_of(kf_Envelope_zeroized_tag);
  envelope.message.zeroized.blocks = kf_module_zeroize(module);
  envelope.message.zeroized.token = token;
  kf_send(&module->out, &module->channel, &envelope);
}

/* By the pong the agent finds out what the line has lost: a delimiter first, so that noise before it can't take it, too. */
static void on_ping(kf_module *module, uint32_t token) {
  kf_frame_delimiter(&module->out);
  kf_Envelope envelope = kf_envelope_of(kf_Envelope_pong_tag);
  envelope.message.pong.token = token;
  envelope.message.pong.parts_sent = module->opening.parts_sent;
  envelope.message.pong.blocks_answered = module->opening.blocks_answered;
  envelope.message.pong.credit = module->opening.credit;
  kf_send(&module->out, &module->channel, &envelope);
}

static void on_acknowledge(kf_module *module, const kf_Acknowledge *acknowledge) {
  for (size_t i = 0; i < acknowledge->stored_count; i++) {
    kf_answered(module, acknowledge->stored[i], KF_STORED);
  }
  if (acknowledge->has_refused) kf_answered(module, acknowledge->refused.number, KF_REFUSED);
}

static void on_command(kf_module *module, const kf_Command *command) {
  kf_outcome outcome = KF_NOT_SUPPORTED;
  const int action = (int)command->action;
  if (module->hooks.command != NULL && action >= KF_START && action <= KF_IDENTIFY) {
    outcome = module->hooks.command(module->hooks.context, (kf_action)action, command->token);
  }
  if (outcome != KF_LATER) kf_module_result(module, command->token, outcome, "");
}

/* A message in an opening. */
static void on_exchange(kf_module *module, const kf_Envelope *envelope) {
  switch (envelope->which_message) {
    case kf_Envelope_credit_tag:
      if (envelope->message.credit.parts > module->opening.credit) {
        module->opening.credit = envelope->message.credit.parts;
      }
      break;
    case kf_Envelope_acknowledge_tag:
      on_acknowledge(module, &envelope->message.acknowledge);
      break;
    case kf_Envelope_zeroize_tag:
      on_zeroize(module, envelope->message.zeroize.token);
      break;
    case kf_Envelope_ping_tag:
      on_ping(module, envelope->message.ping.token);
      break;
    case kf_Envelope_command_tag:
      on_command(module, &envelope->message.command);
      break;
    default:
      module->dropped++;
  }
}

static void on_envelope(kf_module *module, const uint8_t *bytes, size_t length, uint32_t now_ms) {
  kf_Envelope envelope;
  if (!kf_read(&envelope, bytes, length)) {
    module->dropped++;
  } else if (envelope.which_message == kf_Envelope_agent_hello_tag) {
    on_agent_hello(module, &envelope.message.agent_hello, now_ms);
  } else if (envelope.which_message == 0) {
    /* A message of a later version. */
  } else if (!kf_module_is_open(module)) {
    say_hello(module, 0);
  } else {
    module->opening.heard_ms = now_ms;
    on_exchange(module, &envelope);
  }
}

static void on_channel_open(kf_module *module, const uint8_t *open) {
  switch (kf_channel_take(&module->channel, open, module->hooks.random, module->hooks.context)) {
    case KF_HANDSHAKE_WRONG:
      module->dropped++;
      break;
    case KF_HANDSHAKE_AGAIN:
      kf_send_bare(&module->out, module->channel.answer, KF_HANDSHAKE_BYTES);
      break;
    case KF_HANDSHAKE_NEW:
      kf_end_opening(module);
      kf_send_bare(&module->out, module->channel.answer, KF_HANDSHAKE_BYTES);
      say_hello(module, 0);
  }
}

/* A module with a key: what is not sealed gives nothing away and moves nothing. */
static void on_sealed(kf_module *module, uint8_t *message, size_t length, uint32_t now_ms) {
  if (message[0] == KF_CHANNEL_OPEN && length == KF_HANDSHAKE_BYTES) {
    on_channel_open(module, message);
  } else if (message[0] != KF_RECORD && message[0] < KF_ENVELOPE_MIN) {
    module->dropped++;
  } else if (!module->channel.is_open) {
    say_no_channel(module);
  } else {
    const size_t envelope = message[0] == KF_RECORD ? kf_channel_unseal(&module->channel, message, length) : 0;
    if (envelope == 0) module->dropped++;
    else on_envelope(module, message + KF_RECORD_HEAD, envelope, now_ms);
  }
}

static void on_plain(kf_module *module, const uint8_t *message, size_t length, uint32_t now_ms) {
  if (message[0] == KF_CHANNEL_OPEN) say_hello(module, 0);
  else if (message[0] >= KF_ENVELOPE_MIN) on_envelope(module, message, length, now_ms);
  else module->dropped++;
}

static void on_message(kf_module *module, size_t length, uint32_t now_ms) {
  if (length == 0) return;
  if (module->channel.has_key) on_sealed(module, module->in.message, length, now_ms);
  else on_plain(module, module->in.message, length, now_ms);
}

void kf_module_receive(kf_module *module, const uint8_t *bytes, size_t length, uint32_t now_ms) {
  if (module->out.report_bytes != 0) {
    if (length == 0) return;
    on_message(module, kf_report_take(&module->in, bytes, length, module->out.report_id), now_ms);
    return;
  }
  for (size_t i = 0; i < length; i++) on_message(module, kf_frame_take(&module->in, bytes[i]), now_ms);
}

void kf_module_tick(kf_module *module, uint32_t now_ms) {
  if (!kf_module_is_open(module)) return;
  if ((uint32_t)(now_ms - module->opening.heard_ms) >= KF_SILENCE_MS) kf_end_opening(module);
}
