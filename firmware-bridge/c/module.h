/*
 * The module's side of the firmware bridge (../README.md, "Exchange"): holds key blocks until the agent has answered for
 * them, whatever happens to the line or to the agent in between.
 *
 * No allocation, no clock, no operating system: bytes and times come in by calls, bytes go out by a call-back. One
 * kf_module per line; not to be called from two threads, nor from within its own call-backs.
 */
#ifndef KF_MODULE_H
#define KF_MODULE_H

#include "frame.h"

#define KF_PROTOCOL_MIN 1
#define KF_PROTOCOL_MAX 1
/* How long the agent may be silent before its opening has ended, in milliseconds. */
#define KF_SILENCE_MS 5000
/* Highest block number. */
#define KF_NUMBER_MAX ((UINT64_C(1) << 38) - 1)
/* Longest block, in bytes. */
#define KF_BLOCK_BYTES_MAX 65536u

typedef enum { KF_TX = 1, KF_RX = 2 } kf_role;

typedef struct {
  /* 1 to 64 bytes of printable ASCII without space. The link's is the same at both its ends. */
  const char *module_id;
  const char *link_id;
  kf_role role;
  /* At most 64 bytes of printable ASCII. */
  const char *firmware_version;
  /* 1 to KF_BLOCK_BYTES_MAX. Both ends of the link cut the same blocks. */
  uint32_t max_block_bytes;
} kf_identity;

/* A block that is held. The memory at `bytes` is lent to the library from kf_module_add until `forgot`. */
typedef struct {
  uint64_t number;
  uint8_t *bytes;
  uint32_t length;
  bool sent;
} kf_block;

/* Why the module no longer holds a block. */
typedef enum { KF_STORED, KF_REFUSED, KF_OVERFLOW, KF_ZEROIZED } kf_why;

/* The block's memory is the firmware's again, and has been overwritten. */
typedef void kf_forgot(void *context, const kf_block *block, kf_why why);

typedef struct {
  uint32_t opening;
  uint32_t heard_ms;
  uint64_t credit;
  uint64_t sent;
  uint64_t answered;
} kf_opening;

typedef struct {
  kf_frame_out out;
  kf_frame_in in;
  kf_identity identity;
  /* Blocks without an answer, oldest first. */
  kf_block *blocks;
  size_t room;
  size_t held;
  /* opening 0: none. */
  kf_opening opening;
  kf_forgot *forgot;
  void *context;
  /* Messages with a right check sum that were no envelope, or out of bounds. */
  uint32_t malformed;
} kf_module;

/*
 * `blocks` is memory for the books of `room` blocks (at least 1). `forgot` may be NULL; it and `write` get `context`. The
 * strings of `identity` must stay where they are. Returns false when the identity or the room is out of bounds.
 */
bool kf_module_init(kf_module *module, const kf_identity *identity, kf_block *blocks, size_t room,
                    kf_write *write, kf_forgot *forgot, void *context);

/* At power-up, and after the line was opened anew: tells the agent that the module is there. */
void kf_module_start(kf_module *module);

/* Bytes from the line, in any pieces. `now_ms` is a clock of any origin that only rises; it may wrap. */
void kf_module_receive(kf_module *module, const uint8_t *bytes, size_t length, uint32_t now_ms);

/*
 * Holds a new block. When all room is taken, the oldest block that was not sent is dropped for it. Returns false when
 * the block is out of bounds, or when every block held has been sent: the memory then stays the caller's, unread.
 * Numbers rise: a number that was given before is a fault of the firmware that the agent may not notice.
 */
bool kf_module_add(kf_module *module, uint64_t number, uint8_t *bytes, uint32_t length);

/*
 * Sends one block if one may be sent, and ends an opening whose agent has fallen silent. Returns true when another block
 * may go out at once. To be called whenever the line has room, and at least once a second.
 */
bool kf_module_poll(kf_module *module, uint32_t now_ms);

/* Sends measurements; one that is out of range (NaN, say) is left out. Nothing is sent without an opening. */
void kf_module_telemetry(kf_module *module, double qber, double secret_bits_per_second);

/* Sends an alarm. Nothing is sent without an opening; false then, and when a text is too long. */
bool kf_module_alarm(kf_module *module, const char *code, const char *text, bool active);

/* Overwrites every block that is held; returns how many. For zeroize by the agent, and for a tamper switch. */
size_t kf_module_zeroize(kf_module *module);

static inline bool kf_module_is_open(const kf_module *module) {
  return module->opening.opening != 0;
}

#endif
