import type { SecretBytes } from '../secret/secret-bytes.ts';

/** Two cryptographic applications (SAEs) that are to get the same key: the master asks first, the slave opens its IDs. */
export type ApplicationPair = { readonly masterSaeId: string; readonly slaveSaeId: string };

/** One KSA-key on its way to an application. Whoever receives it owns `bytes` and wipes them, on every path. */
export type SuppliedKey = {
  /** A UUID in lower case; of a key that a plain KM relayed, the ID that it gave, see `foreignKeyId`. */
  readonly keyId: string;
  readonly bytes: SecretBytes;
  /** Where its first KMA-key lies, for the record; of a plain KM's key it is not known. */
  readonly place?: { readonly own: boolean; readonly block: number; readonly index: number };
};

/** What this node can supply to a pair; the source of the Status data of GS QKD 014 clause 6.1. Sizes are in bits. */
export type SupplyStatus = {
  /** KMA ID of the node that serves the master. */
  readonly sourceKmeId: string;
  /** KMA ID of the node that serves the slave. */
  readonly targetKmeId: string;
  /** Size of a key when the application names none. */
  readonly keySizeBits: number;
  /** Keys of `keySizeBits` that could be taken now. */
  readonly storedKeyCount: number;
  readonly maxKeyCount: number;
  readonly maxKeyPerRequest: number;
  readonly maxKeySizeBits: number;
  readonly minKeySizeBits: number;
  /** Whether the node of the slave can be notified of keys that the master takes. */
  readonly notifies: boolean;
};

/**
 * Where key for applications comes from, as a delivery interface sees it. Callers have checked who the application is
 * (its certificate), and nothing else: whether it may have key is decided here. All failures are `AgentError`s; what
 * is thrown with fault `application` is shown to the application as it is.
 */
export interface KeySupply {
  /**
   * Facts about a pair, from memory: asked on every request for fresh key. `undefined` when no key is supplied to
   * these two, in these roles, at this node. Throws `application.not_authorised` when the master is no application
   * of this node.
   */
  status(pair: ApplicationPair): SupplyStatus | undefined;

  /**
   * Takes `number` fresh keys of `sizeBits` (a multiple of 8 within the limits of `status`) in order, all or none.
   * They are burnt on disk before the promise resolves, so what the caller cannot deliver is lost, never reused.
   * Rejects with `application.unknown_sae`, `application.not_authorised`, `application.bad_size`,
   * `application.too_many`, `kma.pool_empty` (nothing was burnt), or with an error of the store.
   * @param notify whether the slave's node is to push the keys to the slave; undefined leaves it to the configuration
   */
  take(pair: ApplicationPair, number: number, sizeBits: number, notify?: boolean): Promise<SuppliedKey[]>;

  /**
   * Opens IDs that `take` gave the master at the other node, for the slave: all are found and burnt, or none.
   * @param keyIds as `foreignKeyId` gives them (UUIDs in lower case), no two alike; the keys come back in this order
   * Rejects with `application.key_not_found` (unknown, or fetched before), `application.not_authorised` (the ID was
   * made for other applications), `application.unknown_sae`, or with an error of the store.
   */
  find(pair: ApplicationPair, keyIds: readonly string[]): Promise<SuppliedKey[]>;

  /**
   * Lets the slave, an application of this node, receive what is pushed to it for a master of another node.
   * Throws `application.not_authorised` or `application.unknown_sae` when no key is supplied to these two, in these roles, here.
   */
  admit(pair: ApplicationPair): void;
}
