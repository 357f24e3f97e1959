/** Part of the binary: loads a native addon that lies in it, and leaves nothing with a name on any disk. */
import { closeSync, constants, fchmodSync, openSync, writeSync } from 'node:fs';
import { getRawAsset } from 'node:sea';

/** Linux: a file without a name. Node.js does not name this flag. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;
/** Memory first. One that may not be executed from is passed over. */
const FOLDERS = ['/dev/shm', '/tmp', '/run', '/var/tmp', '.'];

/** What an addon in the binary exports. @throws with what each folder said when it can be loaded from none */
export function loadAddon(name: string): unknown {
  const bytes = Buffer.from(getRawAsset(name));
  const refusals = new Set<string>();
  for (const folder of FOLDERS) {
    try {
      return loadFrom(folder, bytes);
    } catch (thrown) {
      refusals.add(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }
  throw new Error(`${name} cannot be loaded: ${[...refusals].join('; ')}`);
}

function loadFrom(folder: string, bytes: Buffer): unknown {
  const file = readOnly(folder, bytes);
  try {
    const loaded = { exports: {} };
    process.dlopen(loaded, `/proc/self/fd/${file}`);
    // It stays open: a number used again would look to the dynamic linker like the same library.
    return loaded.exports;
  } catch (thrown) {
    closeSync(file);
    throw thrown;
  }
}

/** A file without a name in `folder` that holds `bytes` and that nobody has open for writing. */
function readOnly(folder: string, bytes: Buffer): number {
  const file = openSync(folder, O_TMPFILE | constants.O_RDWR, 0o600);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fchmodSync(file, 0o400);
    return openSync(`/proc/self/fd/${file}`, constants.O_RDONLY);
  } finally {
    closeSync(file);
  }
}
