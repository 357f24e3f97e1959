import type { Entropy } from '../env/entropy.ts';
import { limits } from '../limits.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Statements } from './statements.ts';

/** A new store begins at one of so many numbers. */
const STARTS = 2 ** 32;

/** Numbers for relayed blocks, by destination: never given twice, also after a crash. A durable mark runs ahead of them. */
export class BlockNumbers {
  readonly #statements: Statements;
  readonly #commit: GroupCommit;
  readonly #entropy: Entropy;
  readonly #counters = new Map<string, { next: number; upto: number }>();

  constructor(statements: Statements, commit: GroupCommit, entropy: Entropy) {
    this.#statements = statements;
    this.#commit = commit;
    this.#entropy = entropy;
    for (const row of statements.selectCounters.all()) {
      const upto = row['upto'] as number;
      this.#counters.set(row['name'] as string, { next: upto, upto });
    }
  }

  async take(remote: string): Promise<number> {
    // A new store begins somewhere new, lest it gives a number that the far end knows from before.
    const counter = this.#counters.get(remote) ?? { next: this.#randomNumber(), upto: 0 };
    this.#counters.set(remote, counter);
    const number = counter.next;
    counter.next += 1;
    if (number < counter.upto) return number;
    const upto = number + limits.numberStride;
    await this.#commit.stage(() => this.#statements.putCounter.run(remote, upto));
    counter.upto = Math.max(counter.upto, upto);
    return number;
  }

  /** The far end knows later numbers, from a store that was lost: go on beyond any that can have been given. @returns false when there is no room for that */
  leap(remote: string): boolean {
    const counter = this.#counters.get(remote);
    // Whoever lies about what it knows shall not use up all numbers.
    if (counter === undefined || counter.next + STARTS > limits.blockNumberMax / 2) return false;
    counter.next += STARTS;
    return true;
  }

  #randomNumber(): number {
    const bytes = Buffer.alloc(4);
    this.#entropy.fill(bytes);
    return bytes.readUInt32BE();
  }
}
