import type { Log } from '../env/log.ts';
import type { KeyStore } from '../store/key-store.ts';

/** Notices a neighbour that came back with another store: key shared with the old one is of no use and is destroyed. */
export class StoreIdentity {
  readonly #store: KeyStore;
  readonly #log: Log;

  constructor(store: KeyStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** @param storeId as the neighbour greeted, empty for a plain KM; resolves when what follows from it is durable */
  async check(remote: string, storeId: string): Promise<void> {
    const name = `store of ${remote}`;
    const before = this.#store.meta(name);
    if (before === storeId) return;
    if (before !== undefined) {
      this.#log.warn('kma.peer.new_store', { peer: remote });
      await this.#store.forgetPool(remote);
    }
    await this.#store.putMeta(name, storeId);
  }
}
