import { limits } from '../../src/limits.ts';
import type { DriverContext } from '../driver.ts';

/** Tells of files whose key may still be on the disk: the first at once, and those that follow together. */
export class Remains {
  readonly #context: DriverContext;
  #files = 0;
  #saidMs = Number.NEGATIVE_INFINITY;

  constructor(context: DriverContext) {
    this.#context = context;
  }

  /** @param obstacle why a file was deleted and not overwritten; undefined when it was */
  add(obstacle: string | undefined): void {
    if (obstacle === undefined) return;
    this.#files += 1;
    const nowMs = this.#context.clock.monotonicMs();
    if (nowMs - this.#saidMs < limits.keyFileRemainsMs) return;
    this.#context.log.warn('module.files-only-deleted', {
      files: this.#files,
      reason: `they were deleted without being overwritten: ${obstacle}`,
      remedy:
        "Have the writer make its files writable for the agent's user: what is only deleted stays on the disk.",
    });
    this.#files = 0;
    this.#saidMs = nowMs;
  }
}
