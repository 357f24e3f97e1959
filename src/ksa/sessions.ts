import type { ApplicationPair } from './key-supply.ts';

/** A session that is configured at both KMs: in it the destination KM chooses the keys (Q.4163 §7.2). */
export type Session = {
  readonly sessionId: string;
  /** The master is the source application, the slave the destination application. */
  readonly pair: ApplicationPair;
  /** Where a notification names none. */
  readonly number: number;
  readonly sizeBits: number;
};

/** The configured sessions. */
export class Sessions {
  readonly #byId = new Map<string, Session>();
  readonly #byPair = new Map<string, Session>();

  constructor(sessions: Iterable<Session> = []) {
    for (const session of sessions) {
      this.#byId.set(session.sessionId, session);
      this.#byPair.set(nameOf(session.pair), session);
    }
  }

  withId(sessionId: string): Session | undefined {
    return this.#byId.get(sessionId);
  }

  between(pair: ApplicationPair): Session | undefined {
    return this.#byPair.get(nameOf(pair));
  }
}

// SAE IDs have no control characters.
function nameOf({ masterSaeId, slaveSaeId }: ApplicationPair): string {
  return `${masterSaeId}\n${slaveSaeId}`;
}
