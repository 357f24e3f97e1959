/*
 * The module's side of the firmware bridge (../README.md, "Exchange"): holds key blocks until the agent has answered for
 * them, whatever happens to the line or to the agent in between.
 *
 * No allocation, no clock, no operating system: bytes and times come in by calls, bytes go out by a call-back. One
 * kf_module a line; not to be called from two threads, nor from within its own call-backs.
 */
#ifndef KF_MODULE_H
#define KF_MODULE_H

#include "channel.h"
#include "frame.h"

#define KF_PROTOCOL_MIN 1
#define KF_PROTOCOL_MAX 1
/* How long the agent may be silent before its opening has ended, in milliseconds. */
#define KF_SILENCE_MS 5000
/* Highest block number. */
#define KF_NUMBER_MAX ((UINT64_C(1) << 38) - 1)
/* Longest block, in bytes. */
#define KF_BLOCK_BYTES_MAX 16777216u
/* Blocks that may be with the agent and have no answer. */
#define KF_UNANSWERED_MAX 64
/* A block takes one number for each so many bytes begun. */
#define KF_BYTES_A_NUMBER 1048576u
/* Shortest and longest part of a block that may be agreed on, in bytes. */
#define KF_PART_BYTES_MIN 64u
#define KF_PART_BYTES_MAX 65536u
#define KF_SENSORS_MAX 8

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
  /* Longer blocks go out in parts. KF_PART_BYTES_MIN to KF_PART_BYTES_MAX, or 0 for the latter. */
  uint32_t max_part_bytes;
  /* KF_KEY_BYTES bytes, copied; NULL for a module without a key, which works only where the agent is told so. */
  const uint8_t *key;
  /* Size of the line's reports with their report ID, 64 to KF_REPORT_BYTES_MAX, and that ID or 0; a byte stream has neither. */
  uint16_t report_bytes;
  uint8_t report_id;
} kf_identity;

/* A block that is held. The memory at `bytes` is lent to the library from kf_module_add until `forgot`. */
typedef struct {
  uint64_t number;
  uint8_t *bytes;
  uint32_t length;
  /* Bytes that went out in this opening. */
  uint32_t sent;
  double qber;
} kf_block;

/* Why the module no longer holds a block. */
typedef enum { KF_STORED, KF_REFUSED, KF_OVERFLOW, KF_ZEROIZED } kf_why;
typedef enum { KF_START = 1, KF_STOP, KF_SELF_TEST, KF_IDENTIFY } kf_action;
/* KF_LATER: kf_module_result tells, within 60 s. */
typedef enum { KF_LATER, KF_DONE, KF_FAILED, KF_NOT_SUPPORTED } kf_outcome;

typedef struct {
  kf_write *write;
  /* Needed with a key. */
  kf_random *random;
  /* The block's memory is the firmware's again, and has been overwritten. May be NULL. */
  void (*forgot)(void *context, const kf_block *block, kf_why why);
  /* NULL: no command is supported. After KF_STOP no block is made until KF_START, over power-ups too. */
  kf_outcome (*command)(void *context, kf_action action, uint32_t token);
  /* Given to each of them. */
  void *context;
} kf_hooks;

/* Measurements; a negative number or NaN stands for none, and what is out of range is left out. */
typedef struct {
  /* Fraction, 0 to 0.5. */
  double qber;
  /* Secret key rate and the one to be expected, bit/s. */
  double skr;
  double eskr;
  /* Fraction, 0 to 1. */
  double visibility;
  /* 0 none, 1 active, 2 passive, 3 pending, 4 off. */
  int status;
  /* Degrees Celsius; at most KF_SENSORS_MAX. */
  const double *temperatures;
  size_t temperature_count;
  /* Counts a second of each detector; at most KF_SENSORS_MAX. */
  const double *detector_counts;
  size_t detector_count;
} kf_telemetry;

typedef struct {
  /* 0: none. */
  uint32_t number;
  uint32_t heard_ms;
  uint32_t part_bytes;
  uint64_t credit;
  uint64_t parts_sent;
  uint64_t blocks_begun;
  uint64_t blocks_answered;
} kf_opening;

typedef struct {
  kf_frame_out out;
  kf_frame_in in;
  kf_channel channel;
  kf_identity identity;
  kf_hooks hooks;
  /* Blocks without an answer, oldest first. */
  kf_block *blocks;
  size_t room;
  size_t held;
  kf_opening opening;
  /* Messages with a right check sum that were false, repeated, or no envelope. */
  uint32_t dropped;
} kf_module;

/*
 * `blocks` is memory for the books of `room` blocks (at least 1). The strings of `identity` must stay where they are.
 * Returns false when the identity or the room is out of bounds.
 */
bool kf_module_init(kf_module *module, const kf_identity *identity, kf_block *blocks, size_t room,
                    const kf_hooks *hooks);

/* At power-up, and after the line was opened anew: tells the agent that the module is there. */
void kf_module_start(kf_module *module);

/* Bytes from the line, in any pieces; with USB HID, one whole report. `now_ms` is a clock of any origin that only rises; it may wrap. */
void kf_module_receive(kf_module *module, const uint8_t *bytes, size_t length, uint32_t now_ms);

/*
 * Holds a new block. When all room is taken, the oldest block of which nothing was sent is dropped for it. Returns false
 * when the block is out of bounds, or when there is no such block: the memory then stays the caller's, unread.
 * Numbers rise: one that was given before is a fault of the firmware. `qber` is this block's, negative for none.
 */
bool kf_module_add(kf_module *module, uint64_t number, uint8_t *bytes, uint32_t length, double qber);

/* Ends an opening whose agent has fallen silent. To be called at least once a second. */
void kf_module_tick(kf_module *module, uint32_t now_ms);

/*
 * Sends one part of a block if one may be sent. Returns true when another may go out at once. To be called whenever the
 * line has room.
 */
bool kf_module_send_next(kf_module *module);

/* These send nothing, and return false, without an opening or when what they are given is out of bounds. */
bool kf_module_telemetry(kf_module *module, const kf_telemetry *telemetry);
/*
 * `suspect`: key of this time may not be secret. `text` is for people: at most 128 bytes of UTF-8. To be called again every
 * few seconds while the alarm lasts: one that an opening was not told of within 30 s counts as ended.
 */
bool kf_module_alarm(kf_module *module, const char *code, const char *text, bool active, bool suspect);
bool kf_module_result(kf_module *module, uint32_t token, kf_outcome outcome, const char *text);

/* Overwrites every block that is held; returns how many. For zeroize by the agent, and for a tamper switch. */
size_t kf_module_zeroize(kf_module *module);

static inline bool kf_module_is_open(const kf_module *module) {
  return module->opening.number != 0;
}

#endif
