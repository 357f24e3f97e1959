/* The line of the example: a pseudo-terminal, a serial port, a HID gadget, a socket or a program's own pipes. */
#ifndef PORT_H
#define PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct {
  int in;
  int out;
  /* A socket that listens, or -1. */
  int listener;
  /* A serial port or HID device that is opened again when it went away, or NULL. */
  const char *path;
  bool is_tty;
  /* The far end of a pseudo-terminal, held open so that it stays while no agent has it open; or -1. */
  int held;
  /* What is written is lost until the line takes bytes again. */
  bool stalled;
} Port;

/* Each prints why and returns false when it fails. */
bool port_open_pty(Port *port, const char *link);
bool port_open_tty(Port *port, const char *path);
bool port_listen(Port *port, const char *socket_path);
/* Reports of a HID function that the kernel gives a USB device which it is itself: /dev/hidg0. One read or write, one report. */
bool port_open_hid(Port *port, const char *path);
void port_stdio(Port *port);

/* Waits for bytes up to `wait_ms`. Returns how many came, 0 for none, -1 when the line is gone for good. */
ssize_t port_read(Port *port, uint8_t *bytes, size_t room, int wait_ms);

/* A kf_write: waits a while for a line that is full, then loses what it is given, as a line without a reader does. */
void port_write(void *context, const uint8_t *bytes, size_t length);

bool port_has_room(const Port *port);

#endif
