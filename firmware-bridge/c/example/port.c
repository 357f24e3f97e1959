#define _XOPEN_SOURCE 700
#include "port.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define STALL_MS 500

static bool complain(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  return false;
}

static void use(Port *port, int in, int out) {
  port->in = in;
  port->out = out;
  port->stalled = false;
  if (in >= 0) fcntl(in, F_SETFL, fcntl(in, F_GETFL) | O_NONBLOCK);
  if (out >= 0) fcntl(out, F_SETFL, fcntl(out, F_GETFL) | O_NONBLOCK);
}

static bool make_raw(int tty) {
  struct termios settings;
  if (tcgetattr(tty, &settings) != 0) return false;
  settings.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXOFF);
  settings.c_oflag &= ~(tcflag_t)OPOST;
  settings.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
  settings.c_cflag = (settings.c_cflag & ~(tcflag_t)(CSIZE | PARENB | CSTOPB)) | CS8 | CLOCAL | CREAD;
  settings.c_cc[VMIN] = 1;
  settings.c_cc[VTIME] = 0;
  return tcsetattr(tty, TCSANOW, &settings) == 0;
}

/* In one step, in place of an older link. */
static bool place_link(const char *link, const char *target) {
  char fresh[4096];
  if (snprintf(fresh, sizeof fresh, "%s.%ld", link, (long)getpid()) >= (int)sizeof fresh) {
    errno = ENAMETOOLONG;
    return false;
  }
  return symlink(target, fresh) == 0 && rename(fresh, link) == 0;
}

bool port_open_pty(Port *port, const char *link) {
  const int near = posix_openpt(O_RDWR | O_NOCTTY);
  if (near < 0 || grantpt(near) != 0 || unlockpt(near) != 0) return complain("pseudo-terminal");
  const char *far = ptsname(near);
  if (far == NULL) return complain("pseudo-terminal");
  port->listener = -1;
  port->held = open(far, O_RDWR | O_NOCTTY);
  if (port->held < 0 || !make_raw(port->held)) return complain(far);
  if (!place_link(link, far)) return complain(link);
  use(port, near, near);
  return true;
}

static bool open_path(Port *port) {
  const int device = open(port->path, O_RDWR | O_NOCTTY | O_NONBLOCK);
  if (device >= 0 && (!port->is_tty || make_raw(device))) {
    use(port, device, device);
    return true;
  }
  if (device >= 0) close(device);
  use(port, -1, -1);
  return false;
}

static bool begin_path(Port *port, const char *path, bool is_tty) {
  port->listener = -1;
  port->held = -1;
  port->path = path;
  port->is_tty = is_tty;
  return open_path(port) || complain(path);
}

bool port_open_tty(Port *port, const char *path) {
  return begin_path(port, path, true);
}

bool port_open_hid(Port *port, const char *path) {
  return begin_path(port, path, false);
}

bool port_listen(Port *port, const char *socket_path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(socket_path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return complain(socket_path);
  }
  strcpy(address.sun_path, socket_path);
  unlink(socket_path);
  port->listener = socket(AF_UNIX, SOCK_STREAM, 0);
  port->held = -1;
  use(port, -1, -1);
  if (port->listener < 0) return complain("socket");
  if (bind(port->listener, (struct sockaddr *)&address, sizeof address) != 0) return complain(socket_path);
  if (listen(port->listener, 1) != 0) return complain(socket_path);
  return true;
}

void port_stdio(Port *port) {
  port->listener = -1;
  port->held = -1;
  use(port, STDIN_FILENO, STDOUT_FILENO);
}

/* A line that went away may come back: unplugged, or its far end left. */
static ssize_t open_again(Port *port, int wait_ms) {
  if (port->path != NULL) {
    if (!open_path(port)) poll(NULL, 0, wait_ms);
    return 0;
  }
  struct pollfd waiting = {.fd = port->listener, .events = POLLIN};
  if (poll(&waiting, 1, wait_ms) > 0) {
    const int line = accept(port->listener, NULL, NULL);
    use(port, line, line);
  }
  return 0;
}

static ssize_t lost(Port *port) {
  if (port->listener < 0 && port->path == NULL) return -1;
  close(port->in);
  use(port, -1, -1);
  return 0;
}

/* A HID function that went away says nothing to whoever has it open; when it is back, its file is another. */
static bool was_replaced(const Port *port) {
  struct stat here, now;
  if (port->path == NULL || port->is_tty) return false;
  return stat(port->path, &now) != 0 || fstat(port->in, &here) != 0 || now.st_ino != here.st_ino;
}

ssize_t port_read(Port *port, uint8_t *bytes, size_t room, int wait_ms) {
  if (port->in < 0) return open_again(port, wait_ms);
  struct pollfd waiting = {.fd = port->in, .events = POLLIN};
  if (poll(&waiting, 1, wait_ms) <= 0) return was_replaced(port) ? lost(port) : 0;
  const ssize_t got = read(port->in, bytes, room);
  if (got > 0) return got;
  return got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : lost(port);
}

static bool writable(const Port *port, int wait_ms) {
  struct pollfd waiting = {.fd = port->out, .events = POLLOUT};
  return poll(&waiting, 1, wait_ms) > 0 && (waiting.revents & POLLOUT) != 0;
}

bool port_has_room(const Port *port) {
  return port->out >= 0 && writable(port, 0);
}

void port_write(void *context, const uint8_t *bytes, size_t length) {
  Port *port = context;
  while (length > 0 && port->out >= 0) {
    if (!writable(port, port->stalled ? 0 : STALL_MS)) {
      port->stalled = true;
      return;
    }
    port->stalled = false;
    const ssize_t put = write(port->out, bytes, length);
    if (put < 0) {
      if (errno == EAGAIN || errno == EINTR) continue;
      return;
    }
    bytes += put;
    length -= (size_t)put;
  }
}
