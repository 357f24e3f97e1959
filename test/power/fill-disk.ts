import assert from 'node:assert/strict';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Takes all that is left of a file system. @returns what gives it back */
export function fill(directory: string): () => void {
  const path = join(directory, 'filler');
  const fd = openSync(path, 'w', 0o600);
  for (const size of [1 << 20, 1 << 12, 1])
    for (;;) {
      try {
        if (writeSync(fd, Buffer.alloc(size, 1)) < size) break;
      } catch (thrown) {
        assert.equal((thrown as NodeJS.ErrnoException).code, 'ENOSPC');
        break;
      }
    }
  closeSync(fd);
  return () => rmSync(path);
}
