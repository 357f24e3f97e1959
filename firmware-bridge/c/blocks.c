/* The blocks that a module holds. */
#include <string.h>

#include "internal.h"
#include "wipe.h"

void kf_forget(kf_module *module, size_t at, kf_why why) {
  const kf_block block = module->blocks[at];
  kf_wipe(block.bytes, block.length);
  module->held--;
  memmove(&module->blocks[at], &module->blocks[at + 1], (module->held - at) * sizeof block);
  if (module->hooks.forgot != NULL) module->hooks.forgot(module->hooks.context, &block, why);
}

size_t kf_module_zeroize(kf_module *module) {
  const size_t held = module->held;
  while (module->held > 0) kf_forget(module, module->held - 1, KF_ZEROIZED);
  return held;
}

/* Blocks that are out stay, and so does one that is half out: the agent may be storing them just now. */
static bool drop_oldest_unsent(kf_module *module) {
  for (size_t i = 0; i < module->held; i++) {
    if (module->blocks[i].sent > 0) continue;
    kf_forget(module, i, KF_OVERFLOW);
    return true;
  }
  return false;
}

bool kf_module_add(kf_module *module, uint64_t number, uint8_t *bytes, uint32_t length, double qber) {
  if (length == 0 || length > module->identity.max_block_bytes) return false;
  if (number > KF_NUMBER_MAX - (length - 1) / KF_BYTES_A_NUMBER) return false;
  if (module->held == module->room && !drop_oldest_unsent(module)) return false;
  const kf_block block = {number, bytes, length, 0, qber};
  module->blocks[module->held++] = block;
  return true;
}

/* Only an answer for a block that went out whole in this opening lets go of it. */
void kf_answered(kf_module *module, uint64_t number, kf_why why) {
  for (size_t i = 0; i < module->held; i++) {
    const kf_block *block = &module->blocks[i];
    if (block->number != number) continue;
    if (block->sent < block->length) return;
    module->opening.blocks_answered++;
    kf_forget(module, i, why);
    return;
  }
}

static void send_part(kf_module *module, kf_block *block) {
  const uint32_t left = block->length - block->sent;
  const uint32_t size = left < module->opening.part_bytes ? left : module->opening.part_bytes;
  if (block->sent == 0) module->opening.blocks_begun++;
  kf_KeyBlock message = kf_KeyBlock_init_zero;
  message.number = block->number;
  message.offset = block->sent;
  message.total = size == block->length ? 0 : block->length;
  message.has_qber = block->sent == 0 && block->qber >= 0;
  message.qber = block->qber > 0.5 ? 0.5 : block->qber;
  const kf_part part = {&message, block->bytes + block->sent, size};
  block->sent += size;
  module->opening.parts_sent++;
  kf_send_part(&module->out, &module->channel, &part);
}

static kf_block *next_to_send(kf_module *module) {
  if (!kf_module_is_open(module) || module->opening.parts_sent >= module->opening.credit) return NULL;
  const bool may_begin = module->opening.blocks_begun - module->opening.blocks_answered < KF_UNANSWERED_MAX;
  for (size_t i = 0; i < module->held; i++) {
    if (module->blocks[i].sent == module->blocks[i].length) continue;
    return module->blocks[i].sent > 0 || may_begin ? &module->blocks[i] : NULL;
  }
  return NULL;
}

bool kf_module_send_next(kf_module *module) {
  kf_block *block = next_to_send(module);
  if (block == NULL) return false;
  send_part(module, block);
  return next_to_send(module) != NULL;
}
