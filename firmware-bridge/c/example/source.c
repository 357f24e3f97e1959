#include "source.h"

/* SplitMix64. */
static uint64_t next(uint64_t *state) {
  uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

static uint64_t mix(uint64_t state, const char *text) {
  do {
    state ^= (uint8_t)*text;
    next(&state);
    state = next(&state);
  } while (*text++ != 0);
  return state;
}

void source_init(Source *source, const char *seed, const char *link_id) {
  source->state = mix(mix(0, seed), link_id);
}

int64_t source_newest(const Source *source, uint64_t wall_ms) {
  if (wall_ms < source->start_ms) return -1;
  return (int64_t)((double)(wall_ms - source->start_ms) * source->blocks_per_second / 1000);
}

void source_block(const Source *source, uint64_t number, uint8_t *bytes, size_t length) {
  uint64_t state = source->state ^ number;
  state = next(&state);
  uint64_t word = 0;
  for (size_t i = 0; i < length; i++) {
    if (i % 8 == 0) word = next(&state);
    bytes[i] = (uint8_t)(word >> (8 * (i % 8)));
  }
}
