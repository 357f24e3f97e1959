/** A folder into which another program drops files of key. */
import { constants, type FSWatcher, watch } from 'node:fs';
import { access, type FileHandle, lstat, open, opendir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError, messageOf } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';

export type FolderFile = {
  readonly name: string;
  readonly bytes: number;
  /** Changes whenever the file does, or who may read it. */
  readonly stamp: string;
};

type Ranked = { readonly name: string; readonly number: number };

const NAMES_AT_ONCE = 256;
/** Put before the name of a file that is being erased: whatever becomes of that, it is never read again. */
const ERASING = '.keyferry-erasing-';
const { O_RDONLY, O_WRONLY, O_NOFOLLOW, R_OK, W_OK, X_OK } = constants;

/**
 * The folder at `path`, once it is there and safe: ours to change, and nobody's who is neither its owner nor in its group.
 * @throws AgentError `host.folder-…`
 */
export async function openFolder(path: string): Promise<KeyFolder> {
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isDirectory())
    throw new AgentError('host.folder-missing', `there is no folder ${path}`, {
      fault: 'host',
      remedy: `Make the folder ${path}, or correct the configuration. It may not be a symbolic link.`,
    });
  if ((found.mode & 0o002) !== 0)
    throw new AgentError('host.folder-open', `anyone may write to ${path}, and so feed key to this node`, {
      fault: 'host',
      remedy: `Run: chmod o-w ${path}`,
    });
  await access(path, R_OK | W_OK | X_OK).catch((cause: unknown) => {
    throw new AgentError('host.folder-denied', `${path} cannot be used: ${messageOf(cause)}`, {
      fault: 'host',
      remedy: `Give the agent's user the right to read ${path} and to delete from it.`,
      cause,
    });
  });
  return new KeyFolder(path);
}

export class KeyFolder {
  readonly #path: string;
  #watcher: FSWatcher | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Calls `changed` when something in the folder may have changed. May miss changes: look from time to time as well. */
  watch(changed: () => void): void {
    try {
      this.#watcher = watch(this.#path, { persistent: false }, changed);
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // The kernel has no watch left: looking from time to time has to do.
    }
  }

  close(): void {
    this.#watcher?.close();
  }

  /**
   * The plain files to whose names `rank` gives a number: those with the lowest numbers, `limits.keyFilesMax` at most, in their
   * order. Rejects when the folder has gone.
   */
  async list(rank: (name: string) => number | undefined): Promise<FolderFile[]> {
    const files: FolderFile[] = [];
    for (const { name } of await this.#lowest(rank)) {
      const found = await lstat(join(this.#path, name), { bigint: true }).catch(() => undefined);
      if (!found?.isFile()) continue;
      const { size, ino, ctimeNs } = found;
      files.push({ name, bytes: Number(size), stamp: `${ino}-${size}-${ctimeNs}` });
    }
    return files;
  }

  /** Goes over all names, however many: a folder lists them in any order. */
  async #lowest(rank: (name: string) => number | undefined): Promise<Ranked[]> {
    const ranked: Ranked[] = [];
    const cut = (): void => {
      ranked.sort((a, b) => a.number - b.number).splice(limits.keyFilesMax);
    };
    for await (const entry of await opendir(this.#path, { bufferSize: NAMES_AT_ONCE })) {
      const number = entry.isFile() ? rank(entry.name) : undefined;
      if (number !== undefined) ranked.push({ name: entry.name, number });
      if (ranked.length === 2 * limits.keyFilesMax) cut();
    }
    cut();
    return ranked;
  }

  /** The first `bytes` bytes of a file, in memory of their own that the caller wipes. */
  async read(name: string, bytes: number): Promise<Buffer> {
    await using file = await open(join(this.#path, name), O_RDONLY | O_NOFOLLOW);
    const memory = Buffer.alloc(bytes);
    let got = 0;
    try {
      while (got < bytes) {
        const { bytesRead } = await file.read(memory, got, bytes - got, got);
        if (bytesRead === 0) break;
        got += bytesRead;
      }
    } catch (thrown) {
      memory.fill(0);
      throw thrown;
    }
    return memory.subarray(0, got);
  }

  /**
   * Erases a file: sets it aside durably, so that it is never read again, overwrites it and deletes it. What a disk keeps of
   * overwritten blocks is beyond us. Returns why it could not be overwritten, where it could only be deleted.
   */
  async erase(name: string): Promise<string | undefined> {
    const aside = join(this.#path, ERASING + name);
    await rename(join(this.#path, name), aside);
    await this.#sync();
    const obstacle = await destroy(aside);
    await this.#sync();
    return obstacle;
  }

  /** Ends what `erase` had begun and could not end. Returns why each of those could not be overwritten that were only deleted. */
  async sweep(): Promise<string[]> {
    const obstacles: string[] = [];
    for (const { name } of await this.list((candidate) => (candidate.startsWith(ERASING) ? 0 : undefined))) {
      // One that cannot even be deleted is there at the next sweep.
      const obstacle = await destroy(join(this.#path, name)).catch(() => undefined);
      if (obstacle !== undefined) obstacles.push(obstacle);
    }
    return obstacles;
  }

  async #sync(): Promise<void> {
    await using folder = await open(this.#path, O_RDONLY);
    await folder.sync();
  }
}

/** Deletes a file, overwritten or not: one that may not be written to would lie there for ever. Returns why not, if so. */
async function destroy(path: string): Promise<string | undefined> {
  const obstacle = await overwrite(path).then(() => undefined, messageOf);
  await unlink(path);
  return obstacle;
}

async function overwrite(path: string): Promise<void> {
  await using file: FileHandle = await open(path, O_WRONLY | O_NOFOLLOW);
  const { size } = await file.stat();
  const zeros = Buffer.alloc(64 << 10);
  for (let at = 0; at < size; at += zeros.length)
    await file.write(zeros, 0, Math.min(zeros.length, size - at), at);
  await file.sync();
}
