import { timingSafeEqual } from 'node:crypto';
import { isZeros } from '../bytes/zeros.ts';
import { type Audit, noAudit } from '../env/audit.ts';
import type { Clock } from '../env/clock.ts';
import type { Log } from '../env/log.ts';
import { AgentError } from '../errors.ts';
import type { RelayResponse } from '../kx/codec/completion.ts';
import type { KeyRelay } from '../kx/codec/key-relay.ts';
import { uncoverKeys } from '../kx/codec/key-table.ts';
import { limits } from '../limits.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import type { Block, NewBlock } from '../store/block.ts';
import { blocksToEvict } from '../store/eviction.ts';
import type { KeyStore } from '../store/key-store.ts';
import { takeForeign } from './foreign-destination.ts';
import type { Routes } from './routes.ts';
import { SharedTable } from './shared-table.ts';

/** The destination of key relays: stores what arrives before it says so (design rule 2). */
export class RelayDestination {
  readonly #self: string;
  readonly #store: KeyStore;
  readonly #routes: Routes;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #audit: Audit;
  /** Blocks on their way to disk that bring an ID secret, by source and number. */
  readonly #beginning = new Map<string, Promise<unknown>>();
  readonly #requests = new SharedTable<Set<number>>(limits.relaysPerPeerMax, limits.relayTimeoutMs);
  readonly stats = { blocks: 0, keys: 0, refused: 0 };

  constructor(self: string, store: KeyStore, routes: Routes, clock: Clock, log: Log, audit: Audit = noAudit) {
    this.#self = self;
    this.#store = store;
    this.#routes = routes;
    this.#clock = clock;
    this.#log = log;
    this.#audit = audit;
  }

  /**
   * @param from the neighbour that it came from
   * @param covered the pad that lies on the keys; only lent
   * @returns what the completion says, once it is true on disk; undefined when the same relay is just being stored, or when the request
   *   has other messages still to come
   */
  async take(
    from: string,
    payload: Buffer,
    relay: KeyRelay,
    covered: Buffer,
  ): Promise<RelayResponse | undefined> {
    const response = await this.#take(from, payload, relay, covered);
    if (response !== undefined && response !== 'success') {
      this.stats.refused += 1;
      const detail =
        response === 'unsupported_key'
          ? (whyUnsupported(payload, relay) ?? 'it has a key that is all zeros')
          : undefined;
      this.#log.warn('kma.relay.refused', {
        source: relay.source,
        reason: response,
        ...(detail && { detail }),
      });
      const received = { what: 'relay.received', who: `kma:${from}`, outcome: 'refused' } as const;
      this.#audit.sum({ ...received, reason: response, facts: { source: relay.source } });
    }
    return response;
  }

  #take(from: string, payload: Buffer, relay: KeyRelay, covered: Buffer) {
    if (!this.#routes.mayComeFrom(relay.source, from)) return 'refused_by_policy' as const;
    return this.#routes.isPlain(relay.source)
      ? this.#takeForeign(payload, relay, covered)
      : this.#takeBlock(payload, relay, covered);
  }

  async #takeForeign(payload: Buffer, relay: KeyRelay, covered: Buffer) {
    if (!this.#routes.relaysWith(relay.source)) return 'refused_by_policy';
    const response = await takeForeign(this.#store.foreign, payload, relay, covered, this.stats);
    if (response === 'success') this.#record(relay);
    return response;
  }

  async #takeBlock(payload: Buffer, relay: KeyRelay, covered: Buffer) {
    const begun = this.#beginning.get(`${relay.source} ${relay.block?.epoch}`);
    if (begun !== undefined) await begun;
    const refusal = this.#refusal(payload, relay);
    const kept = refusal ?? (await this.#keep(payload, relay, covered));
    return kept === 'success' ? this.#whole(relay) : kept;
  }

  #refusal(payload: Buffer, relay: KeyRelay): RelayResponse | undefined {
    const { source, block } = relay;
    if (source === this.#self || !this.#routes.relaysWith(source)) return 'refused_by_policy';
    if (block === undefined || whyUnsupported(payload, relay) !== undefined) return 'unsupported_key';
    // One that comes again is answered as before, whatever has changed.
    if (this.#store.known(source, false, block.number)) return undefined;
    if (this.#store.longGone(source, false, block.number, 'relay')) return 'conflict';
    // A source takes no key from below its floor, and so relays no block there.
    if (block.floor > block.number) return 'conflict';
    const pool = this.#store.pool(source);
    if (block.epoch !== block.number && !pool.idSecrets.theirs.has(block.epoch)) return 'unknown_epoch';
    const evicted = blocksToEvict(pool, false, pool.policy.maxUnits);
    if (evicted === undefined) return 'overloaded';
    for (const old of evicted) this.#store.destroyLater(old, 'evicted');
    return undefined;
  }

  async #keep(payload: Buffer, relay: KeyRelay, covered: Buffer): Promise<RelayResponse | undefined> {
    using bytes = SecretBytes.alloc(relay.keys.bytes);
    uncoverKeys(payload, relay.keys, covered, bytes.view());
    for (let at = 0; at < bytes.length; at += limits.unitBytes)
      if (isZeros(bytes.view(), at, limits.unitBytes)) return 'unsupported_key';
    const { number, epoch } = relay.block!;
    const block = {
      remote: relay.source,
      own: false,
      number,
      origin: 'relay',
      state: 'ready',
      first: 0,
      epoch,
      about: { path: [relay.source, ...(relay.transit ?? [])].join(' ') },
    } as const;
    try {
      const kept = await this.#insert(block, bytes);
      if (kept === 'underway') return undefined;
      if (kept === 'known') return this.#sameAsBefore(relay.source, number, bytes) ? 'success' : 'conflict';
    } catch (thrown) {
      if (thrown instanceof AgentError && thrown.fault === 'host') return 'store_unavailable';
      throw thrown;
    }
    const pool = this.#store.pool(relay.source);
    pool.theirFloor = relay.block!.floor;
    this.stats.blocks += 1;
    this.stats.keys += relay.keys.count;
    this.#record(relay);
    return 'success';
  }

  #record({ source, requestId, block, keys }: KeyRelay): void {
    this.#audit.record({
      what: 'relay.received',
      who: `kma:${source}`,
      outcome: 'done',
      peer: source,
      request_id: requestId,
      keys: keys.count,
      ...(block && { own: false, block: block.number }),
    });
  }

  // Messages that lie in an epoch wait for the one that begins it.
  async #insert(block: NewBlock, bytes: SecretBytes): Promise<Block | 'known' | 'underway'> {
    const inserted = this.#store.insert(block, bytes);
    const name = `${block.remote} ${block.epoch}`;
    if (block.epoch !== block.number || this.#beginning.has(name)) return inserted;
    const settled = inserted.catch(() => {}).finally(() => this.#beginning.delete(name));
    this.#beginning.set(name, settled);
    return inserted;
  }

  // One completion for all messages of a request (Q.4163 §7.1): with the last one that is stored.
  #whole({ source, requestId, block }: KeyRelay): RelayResponse | undefined {
    const { part = 0, parts = 1 } = block ?? {};
    if (parts === 1 || requestId === undefined) return 'success';
    const name = `${source} ${requestId}`;
    const now = this.#clock.monotonicMs();
    const held = this.#requests.get(name, now) ?? new Set();
    held.add(part);
    if (held.size === parts) this.#requests.delete(name);
    else this.#requests.set(source, name, held, now);
    return held.size === parts ? 'success' : undefined;
  }

  // A relay that comes again, because its completion was lost, is answered as before; other key under its number never is.
  #sameAsBefore(source: string, number: number, bytes: SecretBytes): boolean {
    const block = this.#store.pool(source).theirs.get(number);
    if (block === undefined) return false;
    const isSame = (held: Buffer) => held.length === bytes.length && timingSafeEqual(held, bytes.view());
    return this.#store.open.lendWhole(block, isSame);
  }
}

// For whoever writes the other end.
function whyUnsupported(payload: Buffer, { block, keys }: KeyRelay): string | undefined {
  if (block === undefined) return 'it has no entry keyferry_block, or one with a number out of range';
  if (!keys.allOf(limits.unitBytes)) return `it has a key that has not ${limits.unitBytes} bytes`;
  return keys.consecutive(payload) ? undefined : 'its key IDs are not consecutive UUIDs';
}
