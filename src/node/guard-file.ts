import { dirname } from 'node:path';
import { crc32c } from '../bytes/crc32c.ts';
import { syncDirectory } from '../disk/durable.ts';
import type { Disk } from '../env/disk.ts';
import type { GuardMark, RollbackGuard } from '../env/rollback-guard.ts';
import { AgentError, messageOf } from '../errors.ts';

const SLOT_BYTES = 512;
const SLOTS = 2;

/**
 * The guard in a file on another device. Two slots are written in turn, each with a check sum, so that a write that is cut short leaves the
 * mark before it.
 */
export class GuardFile implements RollbackGuard {
  readonly name: string;
  readonly #disk: Disk;
  #file: number | undefined;
  #slot = 0;

  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.name = path;
  }

  read(): GuardMark | undefined {
    const marks = this.#guarded('read', () => (this.#disk.existsSync(this.name) ? this.#slots() : []));
    const highest = Math.max(...marks.map((one) => one?.mark ?? -1));
    const newest = marks.findIndex((one) => one !== undefined && one.mark === highest);
    this.#slot = newest < 0 ? 0 : (newest + 1) % SLOTS;
    return marks[newest];
  }

  write(mark: GuardMark): Promise<void> {
    const bytes = slotOf(mark);
    const at = this.#next();
    return new Promise((resolve, reject) => {
      const failed = (cause: unknown) => reject(guardFailed('written', this.name, cause));
      const file = this.#guarded('written', () => this.#open());
      this.#disk.write(file, bytes, 0, SLOT_BYTES, at, (error, count) => {
        if (error !== null) return failed(error);
        if (count !== SLOT_BYTES) return failed(new Error('no room'));
        this.#disk.fdatasync(file, (syncError) => (syncError === null ? resolve() : failed(syncError)));
      });
    });
  }

  begin(storeId: string): void {
    this.#guarded('written', () => {
      const file = this.#open();
      // All: the mark of another store would be the highest.
      for (let slot = 0; slot < SLOTS; slot++) {
        this.#disk.writeSync(file, slotOf({ storeId, mark: 0 }), 0, SLOT_BYTES, this.#next());
        this.#disk.fdatasyncSync(file);
      }
    });
  }

  close(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) this.#disk.closeSync(file);
  }

  #next(): number {
    const at = this.#slot * SLOT_BYTES;
    this.#slot = (this.#slot + 1) % SLOTS;
    return at;
  }

  #slots(): (GuardMark | undefined)[] {
    const bytes = Buffer.alloc(SLOTS * SLOT_BYTES);
    const count = this.#disk.readSync(this.#open(), bytes, 0, bytes.length, 0);
    const slots = Array.from({ length: SLOTS }, (_, i) =>
      markOf(bytes.subarray(i * SLOT_BYTES, (i + 1) * SLOT_BYTES)),
    );
    // Something is there, and nothing of it can be read: not a guard that was never used.
    if (count > 0 && slots.every((one) => one === undefined))
      throw new Error('it holds no mark that is whole');
    return slots;
  }

  #open(): number {
    if (this.#file === undefined) {
      this.#file = this.#disk.openSync(
        this.name,
        this.#disk.constants.O_RDWR | this.#disk.constants.O_CREAT,
        0o600,
      );
      syncDirectory(this.#disk, dirname(this.name));
    }
    return this.#file;
  }

  #guarded<Result>(what: string, run: () => Result): Result {
    try {
      return run();
    } catch (cause) {
      throw guardFailed(what, this.name, cause);
    }
  }
}

function slotOf({ storeId, mark }: GuardMark): Buffer {
  const text = `keyferry guard 1 ${storeId} ${mark}`;
  const slot = Buffer.alloc(SLOT_BYTES, ' ');
  slot.write(`${text} ${crc32c(Buffer.from(text)).toString(16).padStart(8, '0')}\n`);
  return slot;
}

function markOf(slot: Buffer): GuardMark | undefined {
  const [line = ''] = slot.toString('latin1').split('\n');
  const [, text, storeId, mark, sum] = /^(keyferry guard 1 (\S+) (\d+)) ([0-9a-f]{8})$/.exec(line) ?? [];
  if (text === undefined || crc32c(Buffer.from(text)) !== Number.parseInt(sum!, 16)) return undefined;
  return { storeId: storeId!, mark: Number(mark) };
}

function guardFailed(what: string, path: string, cause: unknown): AgentError {
  return new AgentError(
    'host.guard_failed',
    `the rollback guard ${path} cannot be ${what}: ${messageOf(cause)}`,
    {
      fault: 'host',
      remedy:
        'Bring back the device of rollback_guard.file, or correct that setting where it names something else, then start the agent again. If it is lost or damaged for good: keyferry zeroize, remove what is left of the guard file, then keyferry commission.',
      cause,
    },
  );
}
