import { join } from 'node:path';
import * as z from 'zod';
import type { Disk } from '../env/disk.ts';
import type { AgentError } from '../errors.ts';
import { limits } from '../limits.ts';

const remembered = z.strictObject({
  /** Lives in a row, up to the one that wrote this, that ended soon after they began. */
  quick_ends: z.int().min(0),
  /** It has been up for long enough. */
  settled: z.boolean(),
  code: z.string().optional(),
  reason: z.string().optional(),
});
type Life = z.output<typeof remembered>;

/** How the life before ended, and how long the next one has to wait. */
export type LastEnd = {
  readonly quickEnds: number;
  readonly waitMs: number;
  readonly code: string;
  readonly reason: string;
};

/**
 * What one agent tells the next that a supervisor starts: so an agent that can't come up is started less and less often, and says why it
 * ended. systemd's own `RestartSteps=` forgets nothing, however long all went well in between. Kept in the unit's runtime directory, which is gone when
 * the unit is stopped, and nothing where there is none. It never stands in the way of a start.
 */
export class Lives {
  readonly #disk: Disk;
  readonly #path: string | undefined;
  #life: Life = { quick_ends: 0, settled: false };

  /** @param directory systemd's RUNTIME_DIRECTORY */
  constructor(disk: Disk, directory: string | undefined) {
    this.#disk = disk;
    this.#path = directory === undefined ? undefined : join(directory, 'last-life.json');
  }

  /** A life begins. @returns how the one before ended; undefined when there was none, or it was stopped */
  begin(): LastEnd | undefined {
    const last = this.#read();
    const quick_ends = last === undefined || last.settled ? 0 : last.quick_ends + 1;
    this.#write({ quick_ends, settled: false });
    if (last === undefined) return undefined;
    const steps = Math.max(0, quick_ends - 1);
    const waitMs =
      steps === 0 ? 0 : Math.min(limits.restartWaitMsMin * 2 ** (steps - 1), limits.restartWaitMsMax);
    const { code = 'unknown', reason = 'it ended without a word: it was killed, or crashed' } = last;
    return { quickEnds: quick_ends, waitMs, code, reason };
  }

  /** It has been up for `limits.restartSettledMs`: the next end is the first again. */
  settled(): void {
    this.#write({ ...this.#life, settled: true });
  }

  /** It ends because of that. */
  ended({ code, message: reason }: AgentError): void {
    this.#write({ ...this.#life, code, reason });
  }

  /** It was stopped in order. */
  stopped(): void {
    if (this.#path === undefined) return;
    try {
      this.#disk.rmSync(this.#path, { force: true });
    } catch {
      // Then the next start looks like one after a crash.
    }
  }

  #read(): Life | undefined {
    try {
      return this.#path === undefined
        ? undefined
        : remembered.parse(JSON.parse(this.#disk.readFileSync(this.#path, 'utf8')));
    } catch {
      return undefined;
    }
  }

  #write(life: Life): void {
    this.#life = life;
    if (this.#path === undefined) return;
    try {
      this.#disk.writeFileSync(`${this.#path}.new`, JSON.stringify(life), { mode: 0o600 });
      this.#disk.renameSync(`${this.#path}.new`, this.#path);
    } catch {
      // Then the next one starts at once.
    }
  }
}
