import type { Log } from '../env/log.ts';
import { AgentError, messageOf, rethrowInvariant } from '../errors.ts';
import type { AnnouncedKeys, SupplyNotice, SupplyOutcome, SupplyResponse } from '../kx/codec/key-supply.ts';
import type { ApplicationPair, KeySupply, SuppliedKey } from './key-supply.ts';
import type { PushStreams } from './push-streams.ts';
import type { Sessions } from './sessions.ts';

export type ProactiveSettings = {
  readonly self: string;
  /** Which KMA serves each application. */
  readonly applications: ReadonlyMap<string, string>;
  readonly sessions: Sessions;
};

/**
 * The destination KM's side of a key supply notification (Q.4163 §7.2): supplies KSA-keys to an application of this node that did not
 * ask for them, over the stream that it holds open. A key is burnt when its turn on the stream has come, not before, and then written; if the
 * stream breaks in between, the key is lost.
 */
export class ProactiveSupply {
  readonly #settings: ProactiveSettings;
  readonly #supply: KeySupply;
  readonly #streams: PushStreams;
  readonly #log: Log;
  readonly stats = { pushed: 0, lost: 0 };

  constructor(settings: ProactiveSettings, supply: KeySupply, streams: PushStreams, log: Log) {
    this.#settings = settings;
    this.#supply = supply;
    this.#streams = streams;
    this.#log = log;
  }

  /**
   * @param from KMA ID of the neighbour that sent the notification
   * @returns the IDs of the keys that the application's socket has taken, or why there are none. Rejects for a broken invariant alone
   */
  async supply(from: string, notice: SupplyNotice): Promise<SupplyOutcome> {
    const { announced } = notice;
    try {
      return await (announced === undefined ? this.#choose(from, notice) : this.#open(notice, announced));
    } catch (thrown) {
      rethrowInvariant(thrown);
      const response = reasonOf(thrown);
      if (response === 'internal' || response === 'store_unavailable')
        this.#log.error('supply.push_failed', { reason: messageOf(thrown) });
      return failure(response);
    }
  }

  // The source has taken the keys: they are opened by their IDs.
  async #open({ number }: SupplyNotice, announced: AnnouncedKeys): Promise<SupplyOutcome> {
    const { source, master, slave, keyIds } = announced;
    const { self, applications } = this.#settings;
    if (source === self || applications.get(master) !== source || applications.get(slave) !== self)
      return failure('refused_by_policy');
    if (number !== undefined && number !== keyIds.length) return failure('malformed');
    const pair = { masterSaeId: master, slaveSaeId: slave };
    return this.#push(pair, () => this.#supply.find(pair, keyIds));
  }

  // The source knows no key yet: this node takes some of its own, and the other end finds them by the IDs that are answered.
  async #choose(from: string, notice: SupplyNotice): Promise<SupplyOutcome> {
    const { self, applications, sessions } = this.#settings;
    const session = sessions.withId(notice.sessionId);
    if (session === undefined) return failure('no_such_session');
    const { pair } = session;
    const { number = session.number, sizeBits = session.sizeBits } = notice;
    const { masterSaeId, slaveSaeId } = pair;
    if (applications.get(masterSaeId) !== from || applications.get(slaveSaeId) !== self)
      return failure('no_such_session');
    const taker = { masterSaeId: slaveSaeId, slaveSaeId: masterSaeId };
    return this.#push(pair, () => this.#supply.take(taker, number, sizeBits));
  }

  async #push(pair: ApplicationPair, get: () => Promise<SuppliedKey[]>): Promise<SupplyOutcome> {
    const line = this.#streams.of(pair);
    if (line === undefined) return failure('application_not_connected');
    if (!(await line.turns.take())) return failure('overloaded');
    try {
      if (!line.stream.open) {
        // The application may have opened another one meanwhile.
        const newer = this.#streams.of(pair);
        const gone = newer === undefined || newer === line;
        return gone ? failure('application_not_connected') : await this.#push(pair, get);
      }
      const keys = await get();
      const keyIds = keys.map(({ keyId }) => keyId);
      // While the keys were burnt the application may have opened its next stream.
      const { stream } = line.stream.open ? line : (this.#streams.of(pair) ?? line);
      if (await stream.write(keys)) {
        this.stats.pushed += keyIds.length;
        return { response: 'success', keyIds };
      }
      this.stats.lost += keyIds.length;
      this.#log.warn('supply.push_lost', { sae_id: pair.slaveSaeId, keys: keyIds.length });
      return failure('application_not_connected');
    } finally {
      line.turns.give();
    }
  }
}

function failure(response: SupplyResponse): SupplyOutcome {
  return { response, keyIds: [] };
}

const REASONS: Readonly<Record<string, SupplyResponse>> = {
  'application.key_not_found': 'unknown_key',
  'application.not_authorised': 'unknown_key',
  'application.unknown_sae': 'refused_by_policy',
  'application.bad_size': 'out_of_limits',
  'application.too_many': 'out_of_limits',
  'kma.pool_empty': 'not_enough_key',
};

function reasonOf(thrown: unknown): SupplyResponse {
  if (!(thrown instanceof AgentError)) return 'internal';
  return REASONS[thrown.code] ?? (thrown.fault === 'host' ? 'store_unavailable' : 'internal');
}
