import type { Clock } from '../env/clock.ts';
import type { Log } from '../env/log.ts';
import { AgentError, messageOf, rethrowInvariant } from '../errors.ts';
import type { AnnouncedKeys, SupplyOutcome } from '../kx/codec/key-supply.ts';
import { limits } from '../limits.ts';
import type { ApplicationPair, KeySupply, SuppliedKey, SupplyStatus } from './key-supply.ts';
import type { Session, Sessions } from './sessions.ts';
import { Turns } from './turns.ts';

/** Sends key supply notifications. Resolves to what came of one. */
export interface Notifier {
  announce(keys: Omit<AnnouncedKeys, 'source' | 'transit'> & { sizeBits: number }): Promise<SupplyOutcome>;
  choose(asked: {
    sessionId: string;
    destination: string;
    number: number;
    sizeBits: number;
  }): Promise<SupplyOutcome>;
}

export type AnnouncingSettings = {
  /** Slaves of other nodes for whom every key is announced, unless the application says otherwise. */
  readonly pushed: ReadonlySet<string>;
  /** KMAs that do not understand which keys are announced: there only a session will do. */
  readonly plain: ReadonlySet<string>;
  readonly sessions: Sessions;
};

/**
 * The source KM's side of key supply notification (Q.4163 §7.2), around a supply: keys that an application takes are announced to the far
 * KM, or, in a session, chosen by it. When that comes to nothing the application still has key, which the other fetches by ID.
 */
export class AnnouncingSupply implements KeySupply {
  readonly #settings: AnnouncingSettings;
  readonly #supply: KeySupply;
  readonly #notifier: Notifier;
  readonly #clock: Clock;
  readonly #log: Log;
  /** One notification at a time in each session: its response names nothing else. */
  readonly #turns = new Map<string, Turns>();

  constructor(settings: AnnouncingSettings, supply: KeySupply, notifier: Notifier, clock: Clock, log: Log) {
    this.#settings = settings;
    this.#supply = supply;
    this.#notifier = notifier;
    this.#clock = clock;
    this.#log = log;
  }

  status(pair: ApplicationPair): SupplyStatus | undefined {
    const facts = this.#supply.status(pair);
    if (facts === undefined) return undefined;
    const { plain, sessions } = this.#settings;
    return { ...facts, notifies: !plain.has(facts.targetKmeId) || sessions.between(pair) !== undefined };
  }

  async take(
    pair: ApplicationPair,
    number: number,
    sizeBits: number,
    notify?: boolean,
  ): Promise<SuppliedKey[]> {
    const { sessions, pushed, plain } = this.#settings;
    const session = notify === false ? undefined : sessions.between(pair);
    const chosen = session && (await this.#chosen(session, number, sizeBits));
    if (chosen !== undefined) return chosen;
    const wanted = session === undefined && (notify ?? pushed.has(pair.slaveSaeId));
    const destination = wanted ? this.#supply.status(pair)?.targetKmeId : undefined;
    const keys = await this.#supply.take(pair, number, sizeBits);
    if (destination !== undefined && !plain.has(destination))
      this.#announce(pair, destination, keys, sizeBits);
    return keys;
  }

  find(pair: ApplicationPair, keyIds: readonly string[]): Promise<SuppliedKey[]> {
    return this.#supply.find(pair, keyIds);
  }

  admit(pair: ApplicationPair): void {
    this.#supply.admit(pair);
  }

  // The master does not wait for it.
  #announce(
    pair: ApplicationPair,
    destination: string,
    keys: readonly SuppliedKey[],
    sizeBits: number,
  ): void {
    const keyIds = keys.map(({ keyId }) => keyId);
    const announced = { destination, master: pair.masterSaeId, slave: pair.slaveSaeId, keyIds, sizeBits };
    this.#notifier.announce(announced).then(
      ({ response }) => {
        if (response !== 'success') this.#log.debug('supply.not_pushed', { destination, reason: response });
      },
      (thrown: unknown) => {
        rethrowInvariant(thrown);
        this.#log.error('supply.not_pushed', { destination, reason: messageOf(thrown) });
      },
    );
  }

  // What the far KM has chosen, found here by its IDs; undefined when that did not work out.
  async #chosen(session: Session, number: number, sizeBits: number): Promise<SuppliedKey[] | undefined> {
    const { pair, sessionId } = session;
    const facts = this.#supply.status(pair);
    if (facts === undefined || number > facts.maxKeyPerRequest || sizeBits > facts.maxKeySizeBits)
      return undefined;
    const turns = this.#turnsOf(session);
    if (!(await turns.take())) return undefined;
    try {
      const asked = { sessionId, destination: facts.targetKmeId, number, sizeBits };
      const { response, keyIds } = await this.#notifier.choose(asked);
      if (response !== 'success') throw notChosen(response);
      if (keyIds.length !== number) throw notChosen(`${keyIds.length} keys came in place of ${number}`);
      return await this.#found(pair, keyIds, sizeBits / 8);
    } catch (thrown) {
      rethrowInvariant(thrown);
      const { targetKmeId: peer } = facts;
      this.#log.warn('supply.session_failed', { session: sessionId, peer, reason: messageOf(thrown) });
      return undefined;
    } finally {
      turns.give();
    }
  }

  async #found(pair: ApplicationPair, keyIds: readonly string[], bytes: number): Promise<SuppliedKey[]> {
    const chooser = { masterSaeId: pair.slaveSaeId, slaveSaeId: pair.masterSaeId };
    const keys = await this.#supply.find(chooser, keyIds).catch((thrown: unknown) => {
      if (!(thrown instanceof AgentError) || thrown.code !== 'application.key_not_found') throw thrown;
      const { masterSaeId, slaveSaeId } = chooser;
      throw notChosen(
        `it chose IDs that open to no key with ${masterSaeId} as master and ${slaveSaeId} as slave`,
      );
    });
    if (keys.every((key) => key.bytes.length === bytes)) return keys;
    for (const key of keys) key.bytes.wipe();
    throw notChosen('keys of another size came');
  }

  #turnsOf(session: Session): Turns {
    let turns = this.#turns.get(session.sessionId);
    if (turns === undefined) {
      const waitingMax = limits.supplySessionWaitersMax;
      turns = new Turns(this.#clock, { atOnce: 1, waitingMax, waitMs: limits.supplySessionMs });
      this.#turns.set(session.sessionId, turns);
    }
    return turns;
  }
}

function notChosen(reason: string): AgentError {
  return new AgentError('supply.not_chosen', reason, {
    fault: 'peer',
    remedy:
      'Compare supply.sessions of both nodes, and see whether the destination application is connected.',
  });
}
