import { AgentError } from '../../src/errors.ts';
import type { ApplicationPair, KeySupply, SuppliedKey, SupplyStatus } from '../../src/ksa/key-supply.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';

export const STATUS: SupplyStatus = {
  sourceKmeId: 'KME-A',
  targetKmeId: 'KME-C',
  keySizeBits: 352,
  storedKeyCount: 25_000,
  maxKeyCount: 100_000,
  maxKeyPerRequest: 100,
  maxKeySizeBits: 1_024,
  minKeySizeBits: 64,
  notifies: true,
};

/**
 * A supply with known keys that writes down how it was asked and keeps hold of what it gave, so that a test can see it
 * wiped. `app-a` and `app-c` are its only applications; every ID of `keyIdOf` can be found once.
 */
export class RecordingSupply implements KeySupply {
  readonly calls: string[] = [];
  readonly given: { readonly secret: SecretBytes; readonly memory: Buffer }[] = [];
  /** What `take` and `find` do before they answer. */
  before: () => Promise<void> = async () => {};
  #taken = 0;
  readonly #found = new Set<string>();

  status(pair: ApplicationPair): SupplyStatus | undefined {
    return isServed(pair) ? STATUS : undefined;
  }

  async take(
    pair: ApplicationPair,
    number: number,
    sizeBits: number,
    notify?: boolean,
  ): Promise<SuppliedKey[]> {
    const how = notify === undefined ? '' : notify ? ' pushed' : ' not pushed';
    this.calls.push(`take ${pair.masterSaeId}>${pair.slaveSaeId} ${number}x${sizeBits}${how}`);
    await this.before();
    return Array.from({ length: number }, () => this.#give(this.#taken++, sizeBits / 8));
  }

  async find(pair: ApplicationPair, keyIds: readonly string[]): Promise<SuppliedKey[]> {
    this.calls.push(`find ${pair.masterSaeId}>${pair.slaveSaeId} ${keyIds.join()}`);
    await this.before();
    if (!isServed(pair)) throw applicationError('application.not_authorised', 'made for other applications');
    if (keyIds.some((keyId) => !keyId.startsWith(ID_START) || this.#found.has(keyId))) {
      throw applicationError('application.key_not_found', 'not here');
    }
    return keyIds.map((keyId) => {
      this.#found.add(keyId);
      return this.#give(Number(keyId.slice(ID_START.length)), 32);
    });
  }

  admit(pair: ApplicationPair): void {
    if (!isServed(pair)) throw applicationError('application.not_authorised', 'not these two');
  }

  get allWiped(): boolean {
    return this.given.every(({ secret, memory }) => secret.wiped && memory.every((byte) => byte === 0));
  }

  #give(index: number, bytes: number): SuppliedKey {
    const memory = Buffer.from(keyBytesOf(index, bytes));
    const secret = SecretBytes.adopt(memory);
    this.given.push({ secret, memory });
    return { keyId: keyIdOf(index), bytes: secret };
  }
}

const ID_START = '5e3f0000-0000-4000-8000-';

export function keyIdOf(index: number): string {
  return ID_START + String(index).padStart(12, '0');
}

/** Never zero, so that a wiped byte shows. */
export function keyBytesOf(index: number, bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, (_, at) => ((index * 31 + at) % 255) + 1));
}

export function applicationError(code: string, message: string): AgentError {
  return new AgentError(code, message, { fault: 'application', remedy: 'Ask for something else.' });
}

function isServed({ masterSaeId, slaveSaeId }: ApplicationPair): boolean {
  return masterSaeId === 'app-a' && slaveSaeId === 'app-c';
}
