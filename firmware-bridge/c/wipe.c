#include "wipe.h"

void kf_wipe(void *memory, size_t length) {
  volatile unsigned char *at = memory;
  while (length-- > 0) *at++ = 0;
}
