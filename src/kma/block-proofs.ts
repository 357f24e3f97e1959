import type { Log } from '../env/log.ts';
import { messageOf, rethrowInvariant } from '../errors.ts';
import type { Block } from '../store/block.ts';
import type { KeyStore } from '../store/key-store.ts';
import { proofSeenFrom } from './sync-proof.ts';

type Role = 'proposal' | 'answer';

/**
 * Proofs that two neighbours hold the same block. Those of the far end's blocks are remembered: it may propose one again and again, and each
 * proof takes the reading of the whole block.
 */
export class BlockProofs {
  readonly #store: KeyStore;
  readonly #ends: { readonly self: string; readonly other: string };
  readonly #log: Log;
  readonly #onDamaged: (block: Block) => void;
  readonly #known = new WeakMap<Block, Partial<Record<Role, Buffer>>>();

  constructor(
    store: KeyStore,
    ends: { readonly self: string; readonly other: string },
    log: Log,
    onDamaged: (block: Block) => void,
  ) {
    this.#store = store;
    this.#ends = ends;
    this.#log = log;
    this.#onDamaged = onDamaged;
  }

  /** @param role of whose owner proposes it, or of who answers @throws AgentError `host.store_damaged` */
  of(role: Role, block: Block): Buffer {
    const known = this.#known.get(block)?.[role];
    if (known !== undefined) return known;
    const ends = { ...this.#ends, mine: block.own };
    const proof = this.#store.open.lendWhole(block, (key) => proofSeenFrom(ends, role, block.number, key));
    if (!block.own) this.#known.set(block, { ...this.#known.get(block), [role]: proof });
    return proof;
  }

  /** The same; undefined of a block that the disk has damaged: that one is put aside, and the others go on. */
  orDamage(role: Role, block: Block): Buffer | undefined {
    try {
      return this.of(role, block);
    } catch (thrown) {
      rethrowInvariant(thrown);
      this.#log.error('kma.block.damaged', { number: block.number, reason: messageOf(thrown) });
      this.#onDamaged(block);
      return undefined;
    }
  }
}
