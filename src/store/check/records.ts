import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { AgentError } from '../../errors.ts';
import { openBox, sealedBytes } from '../../keys/secret-box.ts';
import { limits } from '../../limits.ts';
import { keyPlace, type Standing } from '../block-records.ts';
import type { Sealer } from '../seal.ts';
import type { Findings } from './findings.ts';

type BlockRecord = {
  readonly place: string;
  readonly units: number;
  readonly sealedKey: Uint8Array;
  readonly standing: Standing;
  /** Where it lies in the block file, in granules, or the sealed bytes themselves. */
  readonly at: number | Uint8Array;
};

/** Opens sealed records and wipes what was in them. Without a sealer they are only measured. */
export class RecordCheck implements Disposable {
  readonly findings: Findings;
  readonly #sealer: Sealer | undefined;
  readonly #file: number | undefined;
  readonly #fileBytes: number;
  /** Places of the block file that were named, by granule. */
  readonly #named = new Map<number, string>();

  /** @param blocks path of the block file */
  constructor(blocks: string, sealer: Sealer | undefined, findings: Findings) {
    this.findings = findings;
    this.#sealer = sealer;
    this.#file = existsSync(blocks) ? openSync(blocks, 'r') : undefined;
    this.#fileBytes = this.#file === undefined ? 0 : fstatSync(this.#file).size;
  }

  /** A record that lies under the store's key. @param bytes that the row says it holds */
  alone(place: string, sealed: Uint8Array, bytes: number): void {
    if (!this.#measure(place, sealed, bytes)) return;
    try {
      this.#sealer?.open(place, sealed).wipe();
    } catch (thrown) {
      if (!(thrown instanceof AgentError)) throw thrown;
      this.findings.damaged(thrown.message);
    }
  }

  /** A block's record, under a key of its own. */
  block({ place, units, sealedKey, standing, at }: BlockRecord): void {
    const bytes = units * limits.unitBytes;
    const keyAt = keyPlace(place, standing);
    if (!this.#measure(keyAt, sealedKey, limits.unitBytes)) return;
    const sealed = typeof at === 'number' ? this.#read(place, at, sealedBytes(bytes)) : at;
    if (sealed === undefined || !this.#measure(place, sealed, bytes) || this.#sealer === undefined) return;
    using own = this.#sealer.openIfSound(keyAt, sealedKey);
    using key = own && openBox(sealed, own.view(), Buffer.from(place));
    if (key === undefined) this.findings.damaged(`the stored record "${place}" cannot be opened`);
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }

  #measure(place: string, sealed: Uint8Array, bytes: number): boolean {
    if (sealed.length === sealedBytes(bytes)) return true;
    const instead = `${sealed.length} bytes in place of ${sealedBytes(bytes)}`;
    this.findings.damaged(`the record "${place}" has ${instead}`);
    return false;
  }

  #read(place: string, at: number, bytes: number): Buffer | undefined {
    const from = at * limits.blockFileGranuleBytes;
    if (this.#file === undefined || at < 0 || from + bytes > this.#fileBytes) {
      this.findings.damaged(`the record "${place}" lies beyond the end of the block file`);
      return undefined;
    }
    for (let i = at; i < at + Math.ceil(bytes / limits.blockFileGranuleBytes); i++) {
      const other = this.#named.get(i);
      if (other !== undefined) {
        this.findings.contradiction(`the records "${place}" and "${other}" lie in one place`);
        return undefined;
      }
      this.#named.set(i, place);
    }
    const sealed = Buffer.alloc(bytes);
    readSync(this.#file, sealed, 0, bytes, from);
    return sealed;
  }
}
