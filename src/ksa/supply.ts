import { AgentError } from '../errors.ts';
import { type KeyAddress, openAddress, sealAddress } from '../keys/key-address.ts';
import { plainKeyId } from '../keys/plain-key-id.ts';
import { limits } from '../limits.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import type { Allocator, Taken } from '../store/allocator.ts';
import type { KeyStore } from '../store/key-store.ts';
import type { Pool } from '../store/pool.ts';
import type { ApplicationPair, KeySupply, SuppliedKey, SupplyStatus } from './key-supply.ts';

export type SupplySettings = {
  readonly self: string;
  /** Which KMA serves each application. */
  readonly applications: ReadonlyMap<string, string>;
  readonly defaultKeyBits: number;
  readonly maxKeyBits: number;
  readonly maxKeysPerRequest: number;
  /** KMAs whose pool also gives the pads of their link: a reserve stays for those. */
  readonly linked: ReadonlySet<string>;
  /** Plain KMAs, each with the applications of this node that may fetch its keys. */
  readonly plain: ReadonlyMap<string, ReadonlySet<string>>;
  /** KMAs that speak Kx with this one, and so may take pads out of the pool: what they would take is not burnt before it is asked for. */
  readonly peers: ReadonlySet<string>;
};

const UNIT_BITS = limits.unitBytes * 8;
const KEY_BITS_MIN = 64;
const ONE_UNIT = { defaultKeyBits: UNIT_BITS, maxKeyBits: UNIT_BITS };

/** The KSA: KSA-keys out of the pool that the two applications' KMAs share. The master's KMA allocates, the slave's opens IDs. */
export class Supply implements KeySupply {
  readonly #settings: SupplySettings;
  readonly #store: KeyStore;
  readonly #allocator: Allocator;
  readonly stats = { taken: 0, opened: 0 };

  constructor(settings: SupplySettings, store: KeyStore, allocator: Allocator) {
    this.#settings = settings;
    this.#store = store;
    this.#allocator = allocator;
  }

  status(pair: ApplicationPair): SupplyStatus | undefined {
    this.#needOwn(pair.masterSaeId);
    const { self, applications, maxKeysPerRequest } = this.#settings;
    const remote = applications.get(pair.slaveSaeId);
    if (remote === undefined || remote === self) return undefined;
    // A plain KM knows key by the IDs of whole KMA-keys.
    const isPlain = this.#settings.plain.has(remote);
    const { defaultKeyBits, maxKeyBits } = isPlain ? ONE_UNIT : this.#settings;
    const units = Math.ceil(defaultKeyBits / UNIT_BITS);
    return {
      sourceKmeId: self,
      targetKmeId: remote,
      keySizeBits: defaultKeyBits,
      storedKeyCount: Math.floor(this.#spare(remote) / units),
      maxKeyCount: Math.floor(this.#store.pool(remote).policy.maxUnits / units),
      maxKeyPerRequest: maxKeysPerRequest,
      maxKeySizeBits: maxKeyBits,
      minKeySizeBits: isPlain ? UNIT_BITS : KEY_BITS_MIN,
      notifies: false,
    };
  }

  async take(pair: ApplicationPair, number: number, sizeBits: number): Promise<SuppliedKey[]> {
    const status = this.status(pair);
    if (status === undefined) throw unknownApplication(pair.slaveSaeId);
    if (
      !Number.isInteger(sizeBits / 8) ||
      sizeBits < status.minKeySizeBits ||
      sizeBits > status.maxKeySizeBits
    )
      throw badRequest(
        'application.bad_size',
        `size shall be a multiple of 8 from ${status.minKeySizeBits} to ${status.maxKeySizeBits}`,
      );
    if (number < 1 || number > status.maxKeyPerRequest)
      throw badRequest('application.too_many', `number shall be from 1 to ${status.maxKeyPerRequest}`);
    const pool = this.#store.pool(status.targetKmeId);
    const units = Math.ceil(sizeBits / UNIT_BITS);
    const taken = await this.#allocator.takeKeys(pool, number, units, this.#reserve(status.targetKmeId));
    if (taken === undefined) {
      pool.askedInVain = true;
      throw poolEmpty(status.targetKmeId);
    }
    try {
      const isPlain = this.#settings.plain.has(pool.remote);
      const keys = taken.map((key) => ({
        keyId: idFor(pool, isPlain ? undefined : pair, key, sizeBits / 8),
        key,
      }));
      this.stats.taken += number;
      return keys.map(({ keyId, key }) => ({
        keyId,
        bytes: cut(key.bytes, sizeBits / 8),
        place: { own: true, block: key.number, index: key.index },
      }));
    } catch (thrown) {
      for (const { bytes } of taken) bytes.wipe();
      throw thrown;
    }
  }

  async find(pair: ApplicationPair, keyIds: readonly string[]): Promise<SuppliedKey[]> {
    const remote = this.#masterNode(pair);
    const readers = this.#settings.plain.get(remote);
    if (readers !== undefined) return this.#findForeign(remote, readers.has(pair.slaveSaeId), keyIds);
    const pool = this.#store.pool(remote);
    const addresses: KeyAddress[] = [];
    for (const keyId of keyIds) {
      const address = openId(pool, pair, keyId);
      if (address === undefined) throw this.#refusal(pool, pair, keyIds);
      addresses.push(address);
    }
    const wanted = addresses.map((a) => ({
      number: a.number,
      index: a.index,
      units: Math.ceil(a.bytes / limits.unitBytes),
    }));
    const bytes = await this.#allocator.open(pool, wanted, !this.#settings.peers.has(remote));
    if (bytes === undefined) throw notFound();
    this.stats.opened += keyIds.length;
    return bytes.map((key, i) => {
      const { number: block, index, bytes: length } = addresses[i]!;
      return { keyId: keyIds[i]!, bytes: cut(key, length), place: { own: false, block, index } };
    });
  }

  /**
   * Opens a key that waits here for one of this node's applications, whichever it is, so that it can be destroyed.
   * @returns the key, the caller's; undefined when no application could fetch it
   */
  async openForNobody(keyId: string): Promise<SecretBytes[] | undefined> {
    const { applications, self, plain } = this.#settings;
    for (const [masterSaeId, remote] of applications) {
      if (remote === self || plain.has(remote)) continue;
      const pool = this.#store.pool(remote);
      for (const [slaveSaeId, kmaId] of applications) {
        const address = kmaId === self ? openId(pool, { masterSaeId, slaveSaeId }, keyId) : undefined;
        if (address === undefined) continue;
        const units = Math.ceil(address.bytes / limits.unitBytes);
        return this.#allocator.open(pool, [{ number: address.number, index: address.index, units }]);
      }
    }
    return undefined;
  }

  // IDs of a plain KM are bound to no application: who may fetch its keys is configured.
  async #findForeign(remote: string, allowed: boolean, keyIds: readonly string[]): Promise<SuppliedKey[]> {
    if (!allowed) throw notAuthorised();
    const keys = await this.#store.foreign.take(remote, keyIds);
    if (keys === undefined) throw notFound();
    this.stats.opened += keys.length;
    return keys.map((bytes, i) => ({ keyId: keyIds[i]!, bytes }));
  }

  admit(pair: ApplicationPair): void {
    this.#masterNode(pair);
  }

  #masterNode({ masterSaeId, slaveSaeId }: ApplicationPair): string {
    this.#needOwn(slaveSaeId);
    const remote = this.#settings.applications.get(masterSaeId);
    if (remote === undefined || remote === this.#settings.self) throw unknownApplication(masterSaeId);
    return remote;
  }

  // Told apart only here, where nothing is given out (GS QKD 014 clause 5.3: 401 where one of the keys was supplied to another application).
  #refusal(pool: Pool, pair: ApplicationPair, keyIds: readonly string[]): AgentError {
    const secrets = pool.idSecrets.theirs.size;
    let tries = 0;
    for (const other of this.#forOthers(pair, pool.remote))
      for (const keyId of keyIds) {
        tries += secrets;
        if (tries > limits.supplyRefusalTriesMax) return notFound();
        if (openId(pool, other, keyId) !== undefined) return notAuthorised();
      }
    return notFound();
  }

  /** The pairs of an application of that KMA and one of ours other than the slave, those of the same master first. */
  *#forOthers({ masterSaeId, slaveSaeId }: ApplicationPair, remote: string): Generator<ApplicationPair> {
    const { applications, self } = this.#settings;
    const at = (kmaId: string) => [...applications].filter(([, home]) => home === kmaId).map(([id]) => id);
    const slaves = at(self).filter((id) => id !== slaveSaeId);
    for (const master of new Set([masterSaeId, ...at(remote)]))
      for (const slave of slaves) yield { masterSaeId: master, slaveSaeId: slave };
  }

  #spare(remote: string): number {
    return Math.max(0, this.#store.pool(remote).ownLeft - this.#reserve(remote));
  }

  #reserve(remote: string): number {
    return this.#settings.linked.has(remote) ? limits.padReserveUnits : 0;
  }

  #needOwn(saeId: string): void {
    const { applications, self } = this.#settings;
    const home = applications.get(saeId);
    if (home !== self) throw notServed(saeId, home);
  }
}

// The newest epoch first: nearly every ID is of it.
function openId(pool: Pool, pair: ApplicationPair, keyId: string): KeyAddress | undefined {
  for (const secret of [...pool.idSecrets.theirs.values()].reverse()) {
    const address = openAddress(secret.view(), pair, keyId);
    if (address !== undefined) return address;
  }
  return undefined;
}

/** @param pair undefined towards a plain KM, which knows the key by the ID it was relayed under */
function idFor(
  pool: Pool,
  pair: ApplicationPair | undefined,
  { number, index, epoch }: Taken,
  bytes: number,
): string {
  const secret = pool.idSecrets.own.get(epoch);
  if (secret !== undefined && pair === undefined) return plainKeyId(secret.view(), number, index);
  if (secret !== undefined && pair !== undefined)
    return sealAddress(secret.view(), pair, { number, index, bytes });
  throw new AgentError('us.id_secret_missing', `block ${number} lies in an epoch whose ID secret is gone`, {
    fault: 'us',
    remedy: 'Ask again: newer key is not affected. Report this message.',
  });
}

// The first `bytes` bytes; the rest of the KMA-keys is wiped with the whole.
function cut(key: SecretBytes, bytes: number): SecretBytes {
  if (key.length === bytes) return key;
  using whole = key;
  return SecretBytes.copyOf(whole.view().subarray(0, bytes));
}

function badRequest(code: string, message: string): AgentError {
  return new AgentError(code, message, { fault: 'application', remedy: 'Correct the request.' });
}

function notFound(): AgentError {
  const message = 'one or more keys specified are not found on KME';
  const remedy =
    'A key is supplied once, to the pair of applications that it was taken for, and not long after. Take another with enc_keys.';
  return new AgentError('application.key_not_found', message, { fault: 'application', remedy });
}

function unknownApplication(saeId: string): AgentError {
  return new AgentError('application.unknown_sae', `no key is supplied with the application ${saeId}`, {
    fault: 'application',
    remedy: `Name an application of another node; the operator adds it to supply.applications.`,
  });
}

function notServed(saeId: string, home: string | undefined): AgentError {
  const [message, remedy] =
    home === undefined
      ? [
          `${saeId}, the common name of the certificate, is no application of this node`,
          'Have the operator add it to supply.applications, or use the certificate of an application that is there.',
        ]
      : [`the application ${saeId} is served by the node ${home}`, `Ask the node ${home}.`];
  return new AgentError('application.not_authorised', message, { fault: 'application', remedy });
}

function notAuthorised(): AgentError {
  return new AgentError('application.not_authorised', 'the requesting application may not have this key', {
    fault: 'application',
    remedy: 'Use the certificate of the application for which the key was asked.',
  });
}

function poolEmpty(remote: string): AgentError {
  return new AgentError('kma.pool_empty', `the pool shared with KMA ${remote} has too little key`, {
    fault: 'module',
    remedy: 'Ask again later, or for less; the operator finds the cause with `keyferry status`.',
  });
}
