/*
 * A disk that fails, by LD_PRELOAD: what goes to files under BAD_DISK (a path) fails with EIO. BAD_CALLS says what fails: any of w (writing), s (syncing) and
 * r (reading). BAD_AFTER calls of that kind still work; BAD_FOR calls fail then, all that come when it is 0.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long seen;

static int fails(int fd, char kind) {
  const char *calls = getenv("BAD_CALLS"), *disk = getenv("BAD_DISK");
  char link[64], path[4096];
  if (calls == NULL || disk == NULL || strchr(calls, kind) == NULL) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  if (strncmp(path, disk, strlen(disk)) != 0) return 0;
  long after = atol(getenv("BAD_AFTER")), lasts = atol(getenv("BAD_FOR"));
  long now = atomic_fetch_add(&seen, 1);
  if (now < after || (lasts > 0 && now >= after + lasts)) return 0;
  errno = EIO;
  return 1;
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *bytes, size_t size) {
  REAL(write);
  return fails(fd, 'w') ? -1 : real(fd, bytes, size);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
  REAL(pwrite64);
  return fails(fd, 'w') ? -1 : real(fd, bytes, size, at);
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
  REAL(pwrite);
  return fails(fd, 'w') ? -1 : real(fd, bytes, size, at);
}
ssize_t read(int fd, void *bytes, size_t size) {
  REAL(read);
  return fails(fd, 'r') ? -1 : real(fd, bytes, size);
}
ssize_t pread64(int fd, void *bytes, size_t size, off64_t at) {
  REAL(pread64);
  return fails(fd, 'r') ? -1 : real(fd, bytes, size, at);
}
ssize_t pread(int fd, void *bytes, size_t size, off_t at) {
  REAL(pread);
  return fails(fd, 'r') ? -1 : real(fd, bytes, size, at);
}
int fsync(int fd) {
  REAL(fsync);
  return fails(fd, 's') ? -1 : real(fd);
}
int fdatasync(int fd) {
  REAL(fdatasync);
  return fails(fd, 's') ? -1 : real(fd);
}
