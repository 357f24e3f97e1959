/* Overwrites secrets in a way that no compiler leaves out. */
#ifndef KF_WIPE_H
#define KF_WIPE_H

#include <stddef.h>

void kf_wipe(void *memory, size_t length);

#endif
