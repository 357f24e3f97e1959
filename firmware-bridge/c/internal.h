/* What the library's files share; nothing for firmware to call. */
#ifndef KF_INTERNAL_H
#define KF_INTERNAL_H

#include "message.h"
#include "module.h"

kf_Envelope kf_envelope_of(pb_size_t which);
bool kf_is_printable(const char *text, size_t min, char lowest);
void kf_end_opening(kf_module *module);
void kf_forget(kf_module *module, size_t at, kf_why why);
void kf_answered(kf_module *module, uint64_t number, kf_why why);

#endif
