import { join } from 'node:path';
import { makeDurable, syncDirectory } from '../disk/durable.ts';
import type { Clock } from '../env/clock.ts';
import type { Disk } from '../env/disk.ts';
import type { Log } from '../env/log.ts';
import { messageOf, rethrowInvariant } from '../errors.ts';
import { limits } from '../limits.ts';

/** What is to happen on the disk, in order. */
export type Step =
  | { readonly line: string }
  /** The lines that follow go into this file. */
  | { readonly open: string }
  /** This file goes, once all before it is durable. */
  | { readonly remove: string };

const BATCH_CHARS = 1 << 20;

/**
 * Carries lines to the disk: those of some milliseconds by one write, off the main thread, and a sync soon after. While the disk takes
 * nothing, what is to be written waits here and is tried again; nothing of it is written twice or left out.
 */
export class TrailWriter {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #steps: Step[] = [];
  #file: number | undefined;
  #name: string | undefined;
  /** Lines that are on their way, those of them that the disk has not taken yet. */
  #batch: Buffer = Buffer.alloc(0);
  #unsynced = false;
  /** A sync has failed: no other one would write what the file seems to hold. */
  #doubtful = false;
  #urgent = false;
  #working: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  #cancelSync: (() => void) | undefined;
  /** Bytes that wait. */
  queued = 0;
  /** Why the disk took nothing the last time; undefined while all is well. */
  failure: string | undefined;

  /** @param name of the file that is gone on with; undefined when the first step opens one */
  constructor(disk: Disk, directory: string, name: string | undefined, clock: Clock, log: Log) {
    this.#disk = disk;
    this.#directory = directory;
    this.#name = name;
    this.#clock = clock;
    this.#log = log;
  }

  push(step: Step, urgent = false): void {
    this.#steps.push(step);
    if ('line' in step) this.queued += step.line.length;
    this.#soon(urgent);
  }

  /** Writes and syncs all that was pushed. @returns false when the disk does not take it; it is still tried again then */
  async flush(): Promise<boolean> {
    while (this.#working !== undefined) await this.#working;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#urgent = true;
    await this.#work();
    return this.failure === undefined;
  }

  /** What was not flushed before is lost. */
  async close(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
    this.#cancel?.();
    this.#cancelSync?.();
    this.#steps.length = 0;
    this.#close();
  }

  #soon(urgent: boolean): void {
    if (this.failure !== undefined) return;
    if (urgent && !this.#urgent) {
      this.#urgent = true;
      this.#cancel?.();
      this.#cancel = undefined;
    }
    this.#cancel ??= this.#clock.after(this.#urgent ? 0 : limits.auditWriteMs, () => {
      this.#cancel = undefined;
      void this.#work();
    });
  }

  // One at a time; whoever comes meanwhile finds it under way. Never rejects.
  #work(): Promise<void> {
    this.#working ??= this.#run()
      .then(
        () => this.#recovered(),
        (thrown: unknown) => this.#failed(thrown),
      )
      .finally(() => {
        this.#working = undefined;
        if (this.failure === undefined && (this.#urgent || this.#steps.length > 0)) this.#soon(this.#urgent);
      });
    return this.#working;
  }

  async #run(): Promise<void> {
    if (this.#doubtful) this.#writeOnceMore();
    await this.#write();
    const urgent = this.#urgent;
    this.#urgent = false;
    try {
      // What comes meanwhile waits for the next time, or a busy trail would be written a few lines at a time, without end.
      for (let due = this.#steps.length; due > 0; ) due -= await this.#take(due);
      if (urgent) await this.#sync();
      else if (this.#unsynced) this.#syncSoon();
    } catch (thrown) {
      this.#urgent ||= urgent;
      throw thrown;
    }
  }

  // The next step, or the lines up to the next that is none. @returns how many steps were done, `most` at most
  async #take(most: number): Promise<number> {
    const step = this.#steps[0]!;
    if ('line' in step) {
      const count = this.#gather(most);
      await this.#write();
      return count;
    }
    if ('open' in step) await this.#begin(step.open);
    else await this.#remove(step.remove);
    return 1;
  }

  #gather(most: number): number {
    let text = '';
    let count = 0;
    for (const step of this.#steps) {
      if (!('line' in step) || text.length > BATCH_CHARS || count === most) break;
      text += `${step.line}\n`;
      count += 1;
      this.queued -= step.line.length;
    }
    this.#steps.splice(0, count);
    this.#batch = Buffer.from(text);
    this.queued += this.#batch.length;
    return count;
  }

  async #write(): Promise<void> {
    while (this.#batch.length > 0) {
      this.#file ??= this.#opened(this.#name!);
      const bytesWritten = await this.#append(this.#file, this.#batch);
      if (bytesWritten === 0) throw new Error('the disk took nothing');
      this.#unsynced = true;
      this.queued -= bytesWritten;
      this.#batch = this.#batch.subarray(bytesWritten);
    }
  }

  async #begin(name: string): Promise<void> {
    await this.#sync();
    this.#close();
    this.#name = name;
    this.#file = this.#opened(name);
    syncDirectory(this.#disk, this.#directory);
    this.#steps.shift();
  }

  // Made when it is not there; a try that failed may have made it.
  #opened(name: string): number {
    return this.#disk.openSync(join(this.#directory, name), 'a', 0o600);
  }

  #close(): void {
    const file = this.#file;
    // Linux lets go of the number in any case: to close it once more would close what has it by then.
    this.#file = undefined;
    if (file !== undefined) this.#disk.closeSync(file);
  }

  #append(file: number, bytes: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#disk.write(file, bytes, 0, bytes.length, null, (error, count) =>
        error === null ? resolve(count) : reject(error),
      );
    });
  }

  #synced(file: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#disk.fdatasync(file, (error) => {
        if (error === null) return resolve();
        this.#doubtful = true;
        reject(error);
      });
    });
  }

  // By another descriptor: this one writes at the end alone.
  #writeOnceMore(): void {
    const file = this.#disk.openSync(join(this.#directory, this.#name!), 'r+');
    try {
      makeDurable(this.#disk, file);
    } finally {
      this.#disk.closeSync(file);
    }
    this.#doubtful = false;
  }

  async #remove(name: string): Promise<void> {
    await this.#sync();
    this.#disk.rmSync(join(this.#directory, name), { force: true });
    syncDirectory(this.#disk, this.#directory);
    this.#steps.shift();
  }

  async #sync(): Promise<void> {
    this.#cancelSync?.();
    this.#cancelSync = undefined;
    if (this.#unsynced && this.#file !== undefined) await this.#synced(this.#file);
    this.#unsynced = false;
  }

  #syncSoon(): void {
    this.#cancelSync ??= this.#clock.after(limits.auditSyncMs, () => {
      this.#urgent = true;
      void this.#work();
    });
  }

  #recovered(): void {
    if (this.failure !== undefined) this.#log.warn('audit.written_again');
    this.failure = undefined;
  }

  #failed(thrown: unknown): void {
    rethrowInvariant(thrown);
    const reason = messageOf(thrown);
    const remedy =
      'Free space on the disk of audit.directory, or replace it, and let the agent remove old files there; until then the trail has a gap.';
    if (this.failure === undefined) this.#log.error('audit.not_written', { reason, remedy });
    this.failure = reason;
    this.#cancel?.();
    this.#cancel = this.#clock.after(limits.auditRetryMs, () => {
      this.#cancel = undefined;
      void this.#work();
    });
  }
}
