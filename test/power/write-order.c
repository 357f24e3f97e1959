/*
 * Tells what is written and synced, by LD_PRELOAD: for each call on a file under WRITE_DIR (a path) a line of WRITE_LOG, "w NAME OFFSET LENGTH"
 * before it is written, "s NAME" when it is synced.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* One line by one call, at the end of the file: several threads may tell at once. */
static void tell(int fd, const char *what, long long at, long long length) {
  static int out = -1;
  const char *dir = getenv("WRITE_DIR"), *log = getenv("WRITE_LOG");
  char link[64], path[4096], line[4200];
  if (dir == NULL || log == NULL) return;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t size = readlink(link, path, sizeof path - 1);
  if (size < 0) return;
  path[size] = 0;
  if (strncmp(path, dir, strlen(dir)) != 0) return;
  if (out < 0) out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
  int length_of = snprintf(line, sizeof line, "%s %s %lld %lld\n", what, strrchr(path, '/') + 1, at, length);
  REAL(write);
  if (real(out, line, length_of) != length_of) abort();
}

ssize_t write(int fd, const void *bytes, size_t size) {
  REAL(write);
  tell(fd, "w", -1, size);
  return real(fd, bytes, size);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
  REAL(pwrite64);
  tell(fd, "w", at, size);
  return real(fd, bytes, size, at);
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
  REAL(pwrite);
  tell(fd, "w", at, size);
  return real(fd, bytes, size, at);
}
int fsync(int fd) {
  REAL(fsync);
  int result = real(fd);
  tell(fd, "s", 0, 0);
  return result;
}
int fdatasync(int fd) {
  REAL(fdatasync);
  int result = real(fd);
  tell(fd, "s", 0, 0);
  return result;
}
