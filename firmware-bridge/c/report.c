/* What a module tells besides key: measurements, alarms, what became of commands. */
#include <string.h>

#include "internal.h"

#define ALARM_TEXT_MAX 128

static bool is_within(double value, double max) {
  return value >= 0 && value <= max;
}

static bool is_finite(double value) {
  return value - value == 0;
}

/* Those that are finite, and not below `min`. */
static pb_size_t copy_sensors(double *to, const double *from, size_t count, double min) {
  pb_size_t copied = 0;
  for (size_t i = 0; i < count && i < KF_SENSORS_MAX; i++) {
    if (is_finite(from[i]) && from[i] >= min) to[copied++] = from[i];
  }
  return copied;
}

bool kf_module_telemetry(kf_module *module, const kf_telemetry *from) {
  if (!kf_module_is_open(module)) return false;
  kf_Envelope envelope = kf_envelope_of(kf_Envelope_telemetry_tag);
  kf_Telemetry *to = &envelope.message.telemetry;
  to->has_qber = is_within(from->qber, 0.5);
  to->qber = from->qber;
  to->has_skr = is_within(from->skr, from->skr) && is_finite(from->skr);
  to->skr = from->skr;
  to->has_eskr = is_within(from->eskr, from->eskr) && is_finite(from->eskr);
  to->eskr = from->eskr;
  to->has_visibility = is_within(from->visibility, 1);
  to->visibility = from->visibility;
  to->status = from->status >= 1 && from->status <= 4 ? (kf_LinkStatus)from->status : kf_LinkStatus_LINK_STATUS_UNSPECIFIED;
  to->temperatures_count = copy_sensors(to->temperatures, from->temperatures, from->temperature_count, -274);
  to->detector_counts_count = copy_sensors(to->detector_counts, from->detector_counts, from->detector_count, 0);
  return kf_send(&module->out, &module->channel, &envelope);
}

typedef struct {
  /* Bytes of a character that are to come, and what the next one may be. */
  int left;
  uint8_t low, high;
} utf8;

/* Whether `byte` may come next in a text of UTF-8 without control characters. */
static bool takes(utf8 *at, uint8_t byte) {
  if (at->left > 0) {
    const bool fits = byte >= at->low && byte <= at->high;
    *at = (utf8){at->left - 1, 0x80, 0xBF};
    return fits;
  }
  if (byte < 0x80) return byte >= ' ' && byte != 0x7F;
  if (byte < 0xC2 || byte > 0xF4) return false;
  *at = (utf8){byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3, 0x80, 0xBF};
  if (byte == 0xC2 || byte == 0xE0) at->low = 0xA0;
  if (byte == 0xF0) at->low = 0x90;
  if (byte == 0xED) at->high = 0x9F;
  if (byte == 0xF4) at->high = 0x8F;
  return true;
}

/* What is no text, be it cut off within a character, would end the opening at the far end. */
static bool copy_text(char to[ALARM_TEXT_MAX + 1], const char *from) {
  utf8 at = {0, 0, 0};
  size_t length = 0;
  for (; from[length] != 0; length++) {
    if (length == ALARM_TEXT_MAX || !takes(&at, (uint8_t)from[length])) return false;
    to[length] = from[length];
  }
  to[length] = 0;
  return at.left == 0;
}

bool kf_module_alarm(kf_module *module, const char *code, const char *text, bool active, bool suspect) {
  if (!kf_module_is_open(module) || !kf_is_printable(code, 1, '!')) return false;
  kf_Envelope envelope = kf_envelope_of(kf_Envelope_alarm_tag);
  kf_Alarm *alarm = &envelope.message.alarm;
  if (!copy_text(alarm->text, text)) return false;
  strcpy(alarm->code, code);
  alarm->active = active;
  alarm->suspect = suspect;
  return kf_send(&module->out, &module->channel, &envelope);
}

bool kf_module_result(kf_module *module, uint32_t token, kf_outcome outcome, const char *text) {
  if (!kf_module_is_open(module) || outcome == KF_LATER) return false;
  kf_Envelope envelope = kf_envelope_of(kf_Envelope_command_result_tag);
  kf_CommandResult *result = &envelope.message.command_result;
  if (!copy_text(result->text, text)) return false;
  result->token = token;
  result->outcome = (kf_Outcome)outcome;
  return kf_send(&module->out, &module->channel, &envelope);
}
