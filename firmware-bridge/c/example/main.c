/*
 * One end of a QKD link without its hardware, on Linux: what a firmware's main loop looks like. Both ends of a link are
 * given the same --seed, --link-id, --block-bytes, --blocks-per-second and --start.
 */
#define _XOPEN_SOURCE 700
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../module.h"
#include "port.h"
#include "source.h"

#define QBER 0.02
#define WAIT_MS 5
#define REPORT_MS 1000
#define ALARM_MS 2000
/* As many bytes as the longest report of USB HID. */
#define READ_BYTES 1024

typedef struct {
  /* First: the library's call-backs are given the context of both. */
  Port port;
  Source source;
  kf_module module;
  const char *seed;
  const char *link_id;
  uint32_t block_bytes;
  size_t buffer_blocks;
  uint8_t key[KF_KEY_BYTES];
  FILE *report;
  bool stopped;
  /* Bytes a second that belong to no frame, as a bad cable brings them. */
  size_t noise;
  uint64_t telemetry_ms;
  sig_atomic_t told_moves;
  uint32_t alarm_opening;
  uint64_t alarm_ms;
  /* Memory of blocks: buffer_blocks + 1 of them, and a stack of those that are free. */
  uint8_t *memory;
  uint8_t **free;
  size_t free_count;
  uint64_t made_up_to;
  uint64_t forgotten[4];
  uint32_t last_opening;
  uint32_t openings;
} example;

static volatile sig_atomic_t stopping;
/* Rises when the lid is opened or closed, which SIGUSR1 stands for. */
static volatile sig_atomic_t lid_moves;

static void on_signal(int number) {
  (void)number;
  stopping = 1;
}

static void on_lid(int number) {
  (void)number;
  lid_moves++;
}

static uint64_t now_ms(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void on_forgot(void *context, const kf_block *block, kf_why why) {
  example *self = context;
  self->forgotten[why]++;
  self->free[self->free_count++] = block->bytes;
}

static bool random_bytes(void *context, uint8_t *bytes, size_t length) {
  (void)context;
  FILE *source = fopen("/dev/urandom", "rb");
  if (source == NULL) return false;
  const bool whole = fread(bytes, 1, length, source) == length;
  fclose(source);
  return whole;
}

/* A real module keeps in flash that it was stopped. */
static kf_outcome on_command(void *context, kf_action action, uint32_t token) {
  example *self = context;
  (void)token;
  if (action == KF_START || action == KF_STOP) self->stopped = action == KF_STOP;
  else if (action == KF_SELF_TEST) return KF_NOT_SUPPORTED;
  return KF_DONE;
}

/* The blocks that have come to be since the last call, or the newest of them that fit. */
static void make_blocks(example *self) {
  const int64_t newest = source_newest(&self->source, now_ms(CLOCK_REALTIME));
  if (newest < 0) return;
  if (self->stopped) {
    self->made_up_to = (uint64_t)newest + 1;
    return;
  }
  if ((uint64_t)newest >= self->made_up_to + self->buffer_blocks) {
    const uint64_t next = (uint64_t)newest + 1 - self->buffer_blocks;
    self->forgotten[KF_OVERFLOW] += next - self->made_up_to;
    self->made_up_to = next;
  }
  for (; self->made_up_to <= (uint64_t)newest; self->made_up_to++) {
    uint8_t *bytes = self->free[--self->free_count];
    source_block(&self->source, self->made_up_to, bytes, self->block_bytes);
    if (kf_module_add(&self->module, self->made_up_to, bytes, self->block_bytes, QBER)) continue;
    memset(bytes, 0, self->block_bytes);
    self->free[self->free_count++] = bytes;
    self->forgotten[KF_OVERFLOW]++;
  }
}

static void report(example *self, const char *event) {
  const uint64_t *forgotten = self->forgotten;
  fprintf(self->report,
          "{\"event\":\"%s\",\"open\":%s,\"openings\":%" PRIu32 ",\"stored\":%" PRIu64 ",\"refused\":%" PRIu64
          ",\"held\":%zu,\"dropped\":%" PRIu64 ",\"zeroized\":%" PRIu64 ",\"faults\":%" PRIu32 "}\n",
          event, kf_module_is_open(&self->module) ? "true" : "false", self->openings, forgotten[KF_STORED],
          forgotten[KF_REFUSED], self->module.held, forgotten[KF_OVERFLOW], forgotten[KF_ZEROIZED],
          self->module.in.faults + self->module.dropped);
  fflush(self->report);
}

static void send_telemetry(example *self) {
  const double rate = self->source.blocks_per_second * self->block_bytes * 8;
  const double temperatures[] = {21.5, -40};
  const kf_telemetry telemetry = {
      .qber = QBER,
      .skr = self->stopped ? 0 : rate,
      .eskr = rate,
      .visibility = -1,
      .status = self->stopped ? 4 : 1,
      .temperatures = temperatures,
      .temperature_count = 2,
  };
  kf_module_telemetry(&self->module, &telemetry);
}

static void once_a_second(example *self) {
  uint8_t noise[256];
  if (self->noise > 0 && random_bytes(self, noise, sizeof noise)) {
    port_write(&self->port, noise, self->noise < sizeof noise ? self->noise : sizeof noise);
  }
  report(self, "status");
}

/* The line may lose a message: an alarm is told again in each opening, and now and then while it is active. */
static void tell_lid(example *self, uint64_t now) {
  const sig_atomic_t moves = lid_moves;
  const bool active = moves % 2 == 1;
  const bool again = active && (self->alarm_opening != self->module.opening.number || now - self->alarm_ms >= ALARM_MS);
  if (moves == self->told_moves && !again) return;
  if (!kf_module_alarm(&self->module, "lid", "the lid was moved", active, true)) return;
  self->told_moves = moves;
  self->alarm_opening = self->module.opening.number;
  self->alarm_ms = now;
}

static int run(example *self) {
  uint64_t reported = now_ms(CLOCK_MONOTONIC);
  uint64_t measured = reported;
  kf_module_start(&self->module);
  report(self, "ready");
  while (!stopping) {
    uint8_t bytes[READ_BYTES];
    const ssize_t got = port_read(&self->port, bytes, sizeof bytes, WAIT_MS);
    if (got < 0) break;
    const uint64_t now = now_ms(CLOCK_MONOTONIC);
    kf_module_receive(&self->module, bytes, (size_t)got, (uint32_t)now);
    if (self->module.opening.number != 0 && self->module.opening.number != self->last_opening) {
      self->last_opening = self->module.opening.number;
      self->openings++;
    }
    tell_lid(self, now);
    make_blocks(self);
    kf_module_tick(&self->module, (uint32_t)now);
    while (port_has_room(&self->port) && kf_module_send_next(&self->module)) continue;
    if (now - measured >= self->telemetry_ms) {
      measured = now;
      send_telemetry(self);
    }
    if (now - reported < REPORT_MS) continue;
    reported = now;
    once_a_second(self);
  }
  kf_module_zeroize(&self->module);
  report(self, "stopped");
  return stopping ? 0 : 1;
}

static int usage(const char *why) {
  fprintf(stderr,
          "%s\n"
          "usage: module --seed TEXT --link-id ID --role tx|rx  --pty LINK | --tty PATH | --listen SOCKET | --stdio | --hid PATH\n"
          "              [--module-key FILE of 32 bytes or 64 hexadecimal digits] [--part-bytes N] [--module-id ID]\n"
          "              [--block-bytes N] [--blocks-per-second R] [--buffer-blocks N] [--start UNIXMS] [--noise BYTES]\n"
          "              [--report-bytes N, with the report ID] [--report-id N] [--telemetry-ms N]\n",
          why);
  return 2;
}

/* 32 bytes, or as many in hexadecimal digits. */
static bool read_key(example *self, const char *path) {
  char text[2 * KF_KEY_BYTES];
  FILE *file = fopen(path, "rb");
  if (file == NULL) return false;
  const size_t length = fread(text, 1, sizeof text, file);
  fclose(file);
  if (length == KF_KEY_BYTES) {
    memcpy(self->key, text, KF_KEY_BYTES);
    return true;
  }
  for (size_t i = 0; i < KF_KEY_BYTES; i++) {
    if (length != sizeof text || sscanf(text + 2 * i, "%2hhx", &self->key[i]) != 1) return false;
  }
  return true;
}

static int prepare(example *self, kf_identity identity) {
  identity.link_id = self->link_id;
  identity.max_block_bytes = self->block_bytes;
  identity.firmware_version = "example 1";
  self->memory = calloc(self->buffer_blocks + 1, self->block_bytes);
  self->free = calloc(self->buffer_blocks + 1, sizeof *self->free);
  kf_block *books = calloc(self->buffer_blocks, sizeof *books);
  if (self->memory == NULL || self->free == NULL || books == NULL) return usage("not enough memory");
  for (size_t i = 0; i <= self->buffer_blocks; i++) self->free[i] = self->memory + i * self->block_bytes;
  self->free_count = self->buffer_blocks + 1;
  source_init(&self->source, self->seed, self->link_id);
  const int64_t newest = source_newest(&self->source, now_ms(CLOCK_REALTIME));
  self->made_up_to = newest < 0 ? 0 : (uint64_t)newest;
  const kf_hooks hooks = {port_write, random_bytes, on_forgot, on_command, self};
  if (!kf_module_init(&self->module, &identity, books, self->buffer_blocks, &hooks)) {
    return usage("an identity or a size out of bounds");
  }
  return 0;
}

int main(int count, char **words) {
  static example self;
  kf_identity identity = {.module_id = "example", .role = KF_TX};
  bool has_port = false;
  self.report = stdout;
  self.block_bytes = 4096;
  self.telemetry_ms = 1000;
  self.buffer_blocks = 256;
  self.source.blocks_per_second = 10;
  self.source.start_ms = UINT64_C(1767225600000);
  for (int i = 1; i < count; i++) {
    const char *name = words[i];
    if (strcmp(name, "--stdio") == 0) {
      port_stdio(&self.port);
      self.report = stderr;
      has_port = true;
      continue;
    }
    if (++i == count) return usage("an option without its value, or an unknown one");
    const char *value = words[i];
    if (strcmp(name, "--seed") == 0) self.seed = value;
    else if (strcmp(name, "--link-id") == 0) self.link_id = value;
    else if (strcmp(name, "--module-id") == 0) identity.module_id = value;
    else if (strcmp(name, "--part-bytes") == 0) identity.max_part_bytes = (uint32_t)strtoul(value, NULL, 10);
    else if (strcmp(name, "--module-key") == 0) {
      if (!read_key(&self, value)) return usage("no key in that file");
      identity.key = self.key;
    } else if (strcmp(name, "--role") == 0) identity.role = strcmp(value, "rx") == 0 ? KF_RX : KF_TX;
    else if (strcmp(name, "--block-bytes") == 0) self.block_bytes = (uint32_t)strtoul(value, NULL, 10);
    else if (strcmp(name, "--buffer-blocks") == 0) self.buffer_blocks = strtoul(value, NULL, 10);
    else if (strcmp(name, "--blocks-per-second") == 0) self.source.blocks_per_second = strtod(value, NULL);
    else if (strcmp(name, "--noise") == 0) self.noise = strtoul(value, NULL, 10);
    else if (strcmp(name, "--telemetry-ms") == 0) self.telemetry_ms = strtoull(value, NULL, 10);
    else if (strcmp(name, "--start") == 0) self.source.start_ms = strtoull(value, NULL, 10);
    else if (strcmp(name, "--pty") == 0) has_port = port_open_pty(&self.port, value);
    else if (strcmp(name, "--tty") == 0) has_port = port_open_tty(&self.port, value);
    else if (strcmp(name, "--report-bytes") == 0) identity.report_bytes = (uint16_t)strtoul(value, NULL, 10);
    else if (strcmp(name, "--report-id") == 0) identity.report_id = (uint8_t)strtoul(value, NULL, 10);
    else if (strcmp(name, "--hid") == 0) {
      has_port = port_open_hid(&self.port, value);
      if (identity.report_bytes == 0) identity.report_bytes = 64;
    } else if (strcmp(name, "--listen") == 0) has_port = port_listen(&self.port, value);
    else return usage("an unknown option");
  }
  if (!has_port || self.seed == NULL || self.link_id == NULL) return usage("no port, seed or link");
  const int fault = prepare(&self, identity);
  if (fault != 0) return fault;
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  action.sa_handler = on_lid;
  sigaction(SIGUSR1, &action, NULL);
  /* Whoever was at the far end of a socket or pipe has gone: the line is lost, not the module. */
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, NULL);
  return run(&self);
}
