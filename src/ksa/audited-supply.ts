import type { Audit, AuditUnits } from '../env/audit.ts';
import { AgentError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { ApplicationPair, KeySupply, SuppliedKey, SupplyStatus } from './key-supply.ts';

export type AuditedSettings = {
  /** Which KMA serves each application. */
  readonly applications: ReadonlyMap<string, string>;
  /** What the records are called: for the key of applications that ask, or of those that are pushed to. */
  readonly names: { readonly take: string; readonly find: string };
};

/** A supply whose every key goes on record: who had it with whom, under which ID, out of which block. One record for each request. */
export class AuditedSupply implements KeySupply {
  readonly #settings: AuditedSettings;
  readonly #supply: KeySupply;
  readonly #audit: Audit;

  constructor(settings: AuditedSettings, supply: KeySupply, audit: Audit) {
    this.#settings = settings;
    this.#supply = supply;
    this.#audit = audit;
  }

  status(pair: ApplicationPair): SupplyStatus | undefined {
    return this.#supply.status(pair);
  }

  admit(pair: ApplicationPair): void {
    this.#supply.admit(pair);
  }

  async take(
    pair: ApplicationPair,
    number: number,
    sizeBits: number,
    notify?: boolean,
  ): Promise<SuppliedKey[]> {
    this.#needTrail();
    const keys = await this.#supply.take(pair, number, sizeBits, notify);
    this.#record(this.#settings.names.take, pair.masterSaeId, pair.slaveSaeId, keys);
    return keys;
  }

  async find(pair: ApplicationPair, keyIds: readonly string[]): Promise<SuppliedKey[]> {
    this.#needTrail();
    const keys = await this.#supply.find(pair, keyIds);
    this.#record(this.#settings.names.find, pair.slaveSaeId, pair.masterSaeId, keys);
    return keys;
  }

  #record(what: string, saeId: string, other: string, keys: readonly SuppliedKey[]): void {
    this.#audit.record({
      what,
      who: `sae:${saeId}`,
      outcome: 'done',
      with: `sae:${other}`,
      peer: this.#settings.applications.get(other),
      keys: keys.length,
      bits: (keys[0]?.bytes.length ?? 0) * 8,
      key_ids: keys.map(({ keyId }) => keyId),
      own: keys[0]?.place?.own,
      units: unitsOf(keys),
    });
  }

  #needTrail(): void {
    if (!this.#audit.refusing) return;
    throw new AgentError('host.audit_full', 'no key is supplied while the audit trail cannot be written', {
      fault: 'host',
      remedy: 'Free space on the disk of audit.directory; audit.when_full says what is done without.',
    });
  }
}

// Keys that lie one after the other are one run.
function unitsOf(keys: readonly SuppliedKey[]): AuditUnits[] | undefined {
  const runs: [number, number, number][] = [];
  for (const { place, bytes } of keys) {
    if (place === undefined) continue;
    const to = place.index + Math.ceil(bytes.length / limits.unitBytes) - 1;
    const last = runs.at(-1);
    if (last !== undefined && last[0] === place.block && last[2] + 1 === place.index) last[2] = to;
    else runs.push([place.block, place.index, to]);
  }
  return runs.length === 0 ? undefined : runs;
}
