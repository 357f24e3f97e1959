import { type AgentError, messageOf } from '../../errors.ts';
import { limits } from '../../limits.ts';

/** One thing that is wrong with a store. */
export type StoreFault = { readonly code: string; readonly message: string; readonly remedy: string };
/** What was looked at, how many of it, and how much of it is wrong. */
export type Looked = { readonly what: string; readonly count: number; readonly faults: number };

const DAMAGED =
  'Replace the disk and start with an empty data directory: the neighbours destroy what they shared with this store.';
const CONTRADICTION =
  'Keep a copy of the data directory for the makers of keyferry; start with an empty one: marks of used key cannot be relied on.';

/** Gathers what a check finds; of the same kind only so many in words. */
export class Findings {
  readonly looked: Looked[] = [];
  readonly faults: StoreFault[] = [];
  total = 0;
  #count = 0;
  #before = 0;

  /** Looks at things of one kind. */
  look(what: string, look: () => void): void {
    this.#count = 0;
    this.#before = this.total;
    try {
      look();
    } catch (thrown) {
      this.damaged(`${what} cannot be read: ${messageOf(thrown)}`);
    }
    this.looked.push({ what, count: this.#count, faults: this.total - this.#before });
  }

  /** @param many of the present kind, found sound or not */
  count(many = 1): void {
    this.#count += many;
  }

  /** The disk gave back something else than was written. */
  damaged(message: string): void {
    this.add({ code: 'host.store_damaged', message, remedy: DAMAGED });
  }

  /** Two things that the store says cannot both be true. */
  contradiction(message: string): void {
    this.add({ code: 'host.store_inconsistent', message, remedy: CONTRADICTION });
  }

  error({ code, message, remedy }: AgentError): void {
    this.add({ code, message, remedy });
  }

  add(fault: StoreFault): void {
    this.total += 1;
    if (this.faults.length < limits.storeFaultsMax) this.faults.push(fault);
  }
}
