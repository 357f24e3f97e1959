import { hkdfSync } from 'node:crypto';
import { dirname } from 'node:path';
import { openIfThere, overwrite, overwriteAndRemove, syncDirectory } from '../disk/durable.ts';
import type { Disk } from '../env/disk.ts';
import type { Entropy } from '../env/entropy.ts';
import { AgentError } from '../errors.ts';
import { NONCE_BYTES, openBox, sealBox, sealedBytes } from '../keys/secret-box.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import { writeFailed } from './faults.ts';

/** Under which everything in the store is sealed: random, and never on disk but sealed under a node key. */
export type StoreKey = { readonly id: string; readonly key: SecretBytes };

/** One store key under one node key. `next`: the node key is to take the place of the others. */
type Slot = { readonly id: Buffer; readonly next: boolean; readonly box: Buffer };

const MAGIC = Buffer.from('keyferry store keys 1\n');
const ID_BYTES = 16;
const KEY_BYTES = 32;
const SLOT_BYTES = ID_BYTES + 1 + sealedBytes(KEY_BYTES);
const SLOTS_MAX = 16;

/**
 * The file with the store's keys: small, apart from the database, so that it can be overwritten at once, whatever becomes of the rest. Without
 * it nothing in the store can be opened by anyone.
 */
export class StoreKeyFile {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #entropy: Entropy;

  constructor(disk: Disk, path: string, entropy: Entropy) {
    this.#disk = disk;
    this.#path = path;
    this.#entropy = entropy;
  }

  /** A new store key, the caller's, alone in the file and durable. @param nodeKey 32 bytes, only lent */
  create(nodeKey: SecretBytes): StoreKey {
    const fresh = this.#fresh();
    this.#writeOrWipe(fresh, [this.#slot(fresh, nodeKey, false)]);
    return fresh;
  }

  /**
   * The store key of this ID. Where it is opened by the node key that is to be the only one, the others' slots are destroyed.
   * @throws AgentError `configuration.wrong_node_key`, `host.store_key_missing`
   */
  open(id: string, nodeKey: SecretBytes): StoreKey {
    const slots = this.#read();
    const found = slots
      .filter(isOf(id))
      .map((slot) => ({ slot, key: openSlot(slot, nodeKey) }))
      .find(({ key }) => key !== undefined);
    if (found?.key === undefined) throw wrongNodeKey();
    // The node key that was to come has come; and what a rotation that was cut short has left goes.
    const opened = { id, key: found.key };
    if (found.slot.next) this.#writeOrWipe(opened, [{ ...found.slot, next: false }]);
    else if (!slots.every(isOf(id))) this.#writeOrWipe(opened, slots.filter(isOf(id)));
    return opened;
  }

  /** The store key of this ID, the caller's; undefined when the node key does not open it. Changes nothing. @throws AgentError `host.store_key_missing` */
  peek(id: string, nodeKey: SecretBytes): SecretBytes | undefined {
    for (const slot of this.#read()) {
      const key = isOf(id)(slot) ? openSlot(slot, nodeKey) : undefined;
      if (key !== undefined) return key;
    }
    return undefined;
  }

  /** Adds a new store key, under both node keys: which one opens the store from now on depends on what the agent is given at its next start. */
  addNext(nodeKey: SecretBytes, nextNodeKey: SecretBytes): StoreKey {
    const fresh = this.#fresh();
    const added = [this.#slot(fresh, nodeKey, false), this.#slot(fresh, nextNodeKey, true)];
    this.#writeOrWipe(fresh, [...this.#read(), ...added].slice(-SLOTS_MAX));
    return fresh;
  }

  /** Destroys all slots but those of this store key. */
  keepOnly(id: string): void {
    this.#write(this.#read().filter(isOf(id)));
  }

  /** Node keys that open the store key of this ID, which names it and tells nothing of it. */
  holders(id: string): number {
    return this.#read().filter(isOf(id)).length;
  }

  #fresh(): StoreKey {
    const id = Buffer.alloc(ID_BYTES);
    this.#entropy.fill(id);
    const key = SecretBytes.alloc(KEY_BYTES);
    this.#entropy.fill(key.view());
    return { id: id.toString('hex'), key };
  }

  #slot({ id, key }: StoreKey, nodeKey: SecretBytes, next: boolean): Slot {
    const box = Buffer.alloc(sealedBytes(KEY_BYTES));
    this.#entropy.fill(box.subarray(0, NONCE_BYTES));
    using under = sealingKey(nodeKey);
    sealBox(box, under.view(), placeOf(id), key.view());
    return { id: Buffer.from(id, 'hex'), next, box };
  }

  #read(): Slot[] {
    let bytes: Buffer;
    try {
      bytes = this.#disk.readFileSync(this.#path);
    } catch (cause) {
      throw keyMissing(this.#path, cause);
    }
    const count = (bytes.length - MAGIC.length) / SLOT_BYTES;
    const whole = Number.isInteger(count) && count > 0 && count <= SLOTS_MAX;
    if (!whole || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw keyMissing(this.#path, undefined);
    return Array.from({ length: count }, (_, i) => {
      const slot = bytes.subarray(MAGIC.length + i * SLOT_BYTES, MAGIC.length + (i + 1) * SLOT_BYTES);
      return {
        id: slot.subarray(0, ID_BYTES),
        next: slot[ID_BYTES] === 1,
        box: slot.subarray(ID_BYTES + 1),
      };
    });
  }

  // The key would be nobody's.
  #writeOrWipe({ key }: StoreKey, slots: readonly Slot[]): void {
    try {
      this.#write(slots);
    } catch (thrown) {
      key.wipe();
      throw thrown;
    }
  }

  /** @throws AgentError `host.store_write_failed` */
  #write(slots: readonly Slot[]): void {
    try {
      this.#replace(slots);
    } catch (cause) {
      throw writeFailed(cause);
    }
  }

  // The new file is whole on disk before it takes the place of the old one, whose bytes are then overwritten.
  #replace(slots: readonly Slot[]): void {
    const fresh = `${this.#path}.new`;
    const parts = slots.map(({ id, next, box }) => Buffer.concat([id, Buffer.from([next ? 1 : 0]), box]));
    // One that was cut short is sealed under a node key, too.
    overwriteAndRemove(this.#disk, fresh);
    this.#disk.writeFileSync(fresh, Buffer.concat([MAGIC, ...parts]), {
      mode: 0o600,
      flag: 'wx',
      flush: true,
    });
    const old = openIfThere(this.#disk, this.#path);
    try {
      this.#disk.renameSync(fresh, this.#path);
      syncDirectory(this.#disk, dirname(this.#path));
      if (old !== undefined) overwrite(this.#disk, old);
    } finally {
      if (old !== undefined) this.#disk.closeSync(old);
    }
  }
}

// The ID is random and names the key; it tells nothing of it.
const isOf =
  (id: string) =>
  (slot: Slot): boolean =>
    slot.id.toString('hex') === id;

function openSlot({ id, box }: Slot, nodeKey: SecretBytes): SecretBytes | undefined {
  using under = sealingKey(nodeKey);
  return openBox(box, under.view(), placeOf(id.toString('hex')));
}

function sealingKey(nodeKey: SecretBytes): SecretBytes {
  const derived = hkdfSync('sha256', nodeKey.view(), Buffer.alloc(0), 'keyferry store key 1', KEY_BYTES);
  return SecretBytes.moved(new Uint8Array(derived));
}

function placeOf(id: string): Buffer {
  return Buffer.from(`store key ${id}`);
}

export function wrongNodeKey(): AgentError {
  return new AgentError('configuration.wrong_node_key', 'the node key does not open this store', {
    fault: 'configuration',
    remedy: 'Give the node key with which the store was made, or start with an empty data directory.',
  });
}

function keyMissing(path: string, cause: unknown): AgentError {
  return new AgentError(
    'host.store_key_missing',
    `${path} is not there or is damaged: what the store holds cannot be opened by anyone`,
    {
      fault: 'host',
      remedy:
        'Put the file back if it was moved; otherwise remove keys.* from the data directory: the node then begins an empty store.',
      cause,
    },
  );
}
