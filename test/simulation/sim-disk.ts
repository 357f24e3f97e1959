import fs from 'node:fs';
import { join } from 'node:path';
import type { Disk } from '../../src/env/disk.ts';
import type { Loss } from './crash-image.ts';
import { DiskLife, type LifeOptions, type Remains } from './disk-life.ts';
import type { SimDatabase } from './sim-database.ts';

const HOME = ['data', 'node.key'];

export type SimDiskOptions = Omit<LifeOptions, 'isFull' | 'syncFails' | 'onChange' | 'onCut'> & {
  /** A real directory, in which each life has its own. */
  readonly root: string;
};

/** The disk of one node, over the lives of its agents. */
export class SimDisk {
  readonly #options: SimDiskOptions;
  #lives = 0;
  #life: DiskLife | undefined;
  #before: DiskLife | undefined;
  full = false;
  /** So many syncs from now on fail. */
  failingSyncs = 0;
  /** What the process before has left in the system's memory; undefined after a power cut. */
  #remains: Remains | undefined;
  /** After so many changes the power goes. */
  #cutAfter = Number.POSITIVE_INFINITY;
  #onCut: () => Loss | undefined = () => undefined;
  #hasCopy = false;
  /** It was given an old copy of its store at some time. */
  wasPutBack = false;

  constructor(options: SimDiskOptions) {
    this.#options = options;
    fs.mkdirSync(this.directory, { recursive: true });
  }

  /** What the next life finds, and the one that is has, lies here. */
  get directory(): string {
    return join(this.#options.root, String(this.#lives));
  }

  get database(): SimDatabase | undefined {
    return this.#life?.database;
  }

  get logBytes(): number {
    return this.#life?.log?.bytes ?? 0;
  }

  /** A new life begins, on what the one before has left. */
  begin(): Disk {
    // Not before: what that life still had under way may ask it something.
    this.#before?.close();
    if (this.#before !== undefined && this.#before.directory !== this.directory)
      fs.rmSync(this.#before.directory, { recursive: true, force: true });
    this.full = false;
    this.failingSyncs = 0;
    this.#cutAfter = Number.POSITIVE_INFINITY;
    const options = {
      ...this.#options,
      isFull: () => this.full,
      syncFails: () => {
        if (this.failingSyncs === 0) return false;
        this.failingSyncs -= 1;
        return true;
      },
      onChange: () => {
        this.#cutAfter -= 1;
        return this.#cutAfter > 0 ? undefined : this.#onCut();
      },
      onCut: (loss: Loss, pages?: Parameters<LifeOptions['onCut']>[1]) => this.#end(life, loss, pages),
    };
    const life = new DiskLife(this.directory, options, this.#remains);
    this.#life = life;
    return life.calls;
  }

  /** The agent stopped by itself: all that it wrote is there. */
  stopped(): void {
    if (this.#life === undefined) return;
    this.#remains = this.#life.remains;
    this.#life.end();
    this.#before = this.#life;
    this.#life = undefined;
  }

  /** Nobody comes any more. */
  halt(): void {
    this.stopped();
    this.#before?.close();
  }

  /** The process was killed: the operating system has all that was written. */
  killed(): void {
    if (this.#life !== undefined) this.#end(this.#life, undefined);
  }

  /** The power was cut. */
  cut(loss: Loss): void {
    if (this.#life !== undefined) this.#end(this.#life, loss);
  }

  /** The power goes after so many changes from now on. @param onCut what that leaves; undefined: it does not go after all */
  cutAfter(changes: number, onCut: () => Loss | undefined): void {
    this.#cutAfter = changes;
    this.#onCut = onCut;
  }

  /** The agent has ended: all of the store and its guard is lost. */
  lose(): void {
    this.#hasCopy = false;
    this.#remains = undefined;
    for (const name of ['data', 'guard'])
      fs.rmSync(join(this.directory, name), { recursive: true, force: true });
  }

  /** Somebody copies the store and the node key as they are at this moment. Not the guard, which is on another device. */
  copy(): void {
    this.#hasCopy = true;
    fs.rmSync(this.#copies, { recursive: true, force: true });
    for (const name of HOME)
      fs.cpSync(join(this.directory, name), join(this.#copies, name), { recursive: true });
  }

  /** The agent has ended: the copy is put in the place of what is there. */
  putBack(): void {
    if (!this.#hasCopy) return;
    this.#hasCopy = false;
    this.#remains = undefined;
    this.wasPutBack = true;
    for (const name of HOME) {
      fs.rmSync(join(this.directory, name), { recursive: true, force: true });
      fs.cpSync(join(this.#copies, name), join(this.directory, name), { recursive: true });
    }
  }

  get #copies(): string {
    return join(this.#options.root, 'copy');
  }

  #end(life: DiskLife, loss: Loss | undefined, pages?: Parameters<LifeOptions['onCut']>[1]): void {
    if (!life.alive) return;
    this.#remains = loss === undefined ? life.remains : undefined;
    life.end();
    this.#lives += 1;
    fs.rmSync(this.directory, { recursive: true, force: true });
    life.leave(this.directory, loss, pages);
    this.#before = life;
    this.#life = undefined;
  }
}
