#include "module.h"

#include <string.h>

#include "message.h"
#include "wipe.h"

#define TEXT_MAX 64
#define ALARM_TEXT_MAX 128

static bool is_printable(const char *text, size_t min, char lowest) {
  size_t length = 0;
  for (; text[length] != 0; length++) {
    if (length == TEXT_MAX || text[length] < lowest || text[length] > '~') return false;
  }
  return length >= min;
}

bool kf_module_init(kf_module *module, const kf_identity *identity, kf_block *blocks, size_t room,
                    kf_write *write, kf_forgot *forgot, void *context) {
  if (room == 0 || identity->max_block_bytes == 0 || identity->max_block_bytes > KF_BLOCK_BYTES_MAX) return false;
  if (!is_printable(identity->module_id, 1, '!') || !is_printable(identity->link_id, 1, '!')) return false;
  if (!is_printable(identity->firmware_version, 0, ' ')) return false;
  if (identity->role != KF_TX && identity->role != KF_RX) return false;
  memset(module, 0, sizeof *module);
  kf_frame_out_init(&module->out, write, context);
  kf_frame_in_init(&module->in);
  module->identity = *identity;
  module->blocks = blocks;
  module->room = room;
  module->forgot = forgot;
  module->context = context;
  return true;
}

static kf_Envelope envelope_of(pb_size_t which) {
  kf_Envelope envelope = kf_Envelope_init_zero;
  envelope.which_message = which;
  return envelope;
}

static void say_hello(kf_module *module, uint32_t opening) {
  kf_Envelope envelope = envelope_of(kf_Envelope_hello_tag);
  kf_Hello *hello = &envelope.message.hello;
  hello->opening = opening;
  hello->protocol_min = KF_PROTOCOL_MIN;
  hello->protocol_max = KF_PROTOCOL_MAX;
  strcpy(hello->module_id, module->identity.module_id);
  strcpy(hello->link_id, module->identity.link_id);
  strcpy(hello->firmware_version, module->identity.firmware_version);
  hello->role = module->identity.role == KF_TX ? kf_Role_ROLE_TX : kf_Role_ROLE_RX;
  hello->max_block_bytes = module->identity.max_block_bytes;
  kf_send(&module->out, &envelope);
}

static void end_opening(kf_module *module) {
  memset(&module->opening, 0, sizeof module->opening);
  for (size_t i = 0; i < module->held; i++) module->blocks[i].sent = false;
}

void kf_module_start(kf_module *module) {
  end_opening(module);
  kf_frame_in_init(&module->in);
  kf_frame_delimiter(&module->out);
  say_hello(module, 0);
}

static void forget(kf_module *module, size_t at, kf_why why) {
  const kf_block block = module->blocks[at];
  kf_wipe(block.bytes, block.length);
  module->held--;
  memmove(&module->blocks[at], &module->blocks[at + 1], (module->held - at) * sizeof block);
  if (module->forgot != NULL) module->forgot(module->context, &block, why);
}

size_t kf_module_zeroize(kf_module *module) {
  const size_t held = module->held;
  while (module->held > 0) forget(module, module->held - 1, KF_ZEROIZED);
  return held;
}

static bool drop_oldest_unsent(kf_module *module) {
  for (size_t i = 0; i < module->held; i++) {
    if (module->blocks[i].sent) continue;
    forget(module, i, KF_OVERFLOW);
    return true;
  }
  return false;
}

bool kf_module_add(kf_module *module, uint64_t number, uint8_t *bytes, uint32_t length) {
  if (number > KF_NUMBER_MAX || length == 0 || length > module->identity.max_block_bytes) return false;
  /* Blocks that are out stay: the agent may be storing them just now. */
  if (module->held == module->room && !drop_oldest_unsent(module)) return false;
  const kf_block block = {number, bytes, length, false};
  module->blocks[module->held++] = block;
  return true;
}

/* Only an answer for a block that went out in this opening lets go of it. */
static void answered(kf_module *module, uint64_t number, kf_why why) {
  for (size_t i = 0; i < module->held; i++) {
    if (module->blocks[i].number != number) continue;
    if (!module->blocks[i].sent) return;
    module->opening.answered++;
    forget(module, i, why);
    return;
  }
}

static bool agrees(const kf_module *module, const kf_AgentHello *hello) {
  if (hello->protocol_min > KF_PROTOCOL_MAX || hello->protocol_max < KF_PROTOCOL_MIN) return false;
  return hello->max_block_bytes >= module->identity.max_block_bytes;
}

static void on_agent_hello(kf_module *module, const kf_AgentHello *hello, uint32_t now_ms) {
  if (hello->opening == 0) {
    module->malformed++;
    return;
  }
  end_opening(module);
  say_hello(module, hello->opening);
  /* The agent reads the same in our hello and hangs up; nothing is sent in the meantime. */
  if (!agrees(module, hello)) return;
  module->opening.opening = hello->opening;
  module->opening.heard_ms = now_ms;
}

static void on_zeroize(kf_module *module, uint32_t token) {
  kf_Envelope envelope = envelope_of(kf_Envelope_zeroized_tag);
  envelope.message.zeroized.blocks = kf_module_zeroize(module);
  envelope.message.zeroized.token = token;
  kf_send(&module->out, &envelope);
}

static void on_ping(kf_module *module, uint32_t token) {
  kf_Envelope envelope = envelope_of(kf_Envelope_pong_tag);
  envelope.message.pong.token = token;
  envelope.message.pong.blocks_sent = module->opening.sent;
  envelope.message.pong.blocks_answered = module->opening.answered;
  envelope.message.pong.credit = module->opening.credit;
  kf_send(&module->out, &envelope);
}

static void on_acknowledge(kf_module *module, const kf_Acknowledge *acknowledge) {
  for (size_t i = 0; i < acknowledge->stored_count; i++) answered(module, acknowledge->stored[i], KF_STORED);
  if (acknowledge->has_refused) answered(module, acknowledge->refused.number, KF_REFUSED);
}

static bool is_agents(pb_size_t which) {
  return which == kf_Envelope_credit_tag || which == kf_Envelope_acknowledge_tag ||
         which == kf_Envelope_zeroize_tag || which == kf_Envelope_ping_tag;
}

static void on_message(kf_module *module, const kf_Envelope *envelope, uint32_t now_ms) {
  if (envelope->which_message == kf_Envelope_agent_hello_tag) {
    on_agent_hello(module, &envelope->message.agent_hello, now_ms);
    return;
  }
  if (!is_agents(envelope->which_message)) return;
  if (!kf_module_is_open(module)) {
    say_hello(module, 0);
    return;
  }
  module->opening.heard_ms = now_ms;
  switch (envelope->which_message) {
    case kf_Envelope_credit_tag:
      if (envelope->message.credit.blocks > module->opening.credit) {
        module->opening.credit = envelope->message.credit.blocks;
      }
      break;
    case kf_Envelope_acknowledge_tag:
      on_acknowledge(module, &envelope->message.acknowledge);
      break;
    case kf_Envelope_zeroize_tag:
      on_zeroize(module, envelope->message.zeroize.token);
      break;
    default:
      on_ping(module, envelope->message.ping.token);
  }
}

void kf_module_receive(kf_module *module, const uint8_t *bytes, size_t length, uint32_t now_ms) {
  for (size_t i = 0; i < length; i++) {
    const size_t message = kf_frame_take(&module->in, bytes[i]);
    if (message == 0) continue;
    kf_Envelope envelope;
    if (kf_read(&envelope, module->in.message, message)) on_message(module, &envelope, now_ms);
    else module->malformed++;
  }
}

bool kf_module_poll(kf_module *module, uint32_t now_ms) {
  if (!kf_module_is_open(module)) return false;
  kf_opening *opening = &module->opening;
  if ((uint32_t)(now_ms - opening->heard_ms) >= KF_SILENCE_MS) {
    end_opening(module);
    return false;
  }
  for (size_t i = 0; i < module->held && opening->sent < opening->credit; i++) {
    kf_block *block = &module->blocks[i];
    if (block->sent) continue;
    block->sent = true;
    opening->sent++;
    kf_send_block(&module->out, block->number, block->bytes, block->length);
    return opening->sent < opening->credit && i + 1 < module->held;
  }
  return false;
}

void kf_module_telemetry(kf_module *module, double qber, double secret_bits_per_second) {
  if (!kf_module_is_open(module)) return;
  kf_Envelope envelope = envelope_of(kf_Envelope_telemetry_tag);
  kf_Telemetry *telemetry = &envelope.message.telemetry;
  telemetry->has_qber = qber >= 0 && qber <= 0.5;
  telemetry->qber = qber;
  telemetry->has_skr = secret_bits_per_second >= 0 && secret_bits_per_second < 1e18;
  telemetry->skr = secret_bits_per_second;
  kf_send(&module->out, &envelope);
}

bool kf_module_alarm(kf_module *module, const char *code, const char *text, bool active) {
  if (!kf_module_is_open(module) || !is_printable(code, 1, '!')) return false;
  kf_Envelope envelope = envelope_of(kf_Envelope_alarm_tag);
  kf_Alarm *alarm = &envelope.message.alarm;
  size_t length = 0;
  for (; text[length] != 0; length++) {
    if (length == ALARM_TEXT_MAX || (unsigned char)text[length] < ' ' || text[length] == 0x7F) return false;
    alarm->text[length] = text[length];
  }
  strcpy(alarm->code, code);
  alarm->active = active;
  return kf_send(&module->out, &envelope);
}
