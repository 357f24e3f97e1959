/*
 * Stands in for the QKD hardware: blocks that are a function of seed, link and number alone, so that the two ends of a link
 * agree without talking. No secret to anyone who knows the seed.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  uint64_t state;
  double blocks_per_second;
  /* When block 0 comes to be, in milliseconds since the Unix epoch. */
  uint64_t start_ms;
} Source;

void source_init(Source *source, const char *seed, const char *link_id);

/* The number of the newest block that exists at `wall_ms`; -1 before the first. */
int64_t source_newest(const Source *source, uint64_t wall_ms);

void source_block(const Source *source, uint64_t number, uint8_t *bytes, size_t length);

#endif
