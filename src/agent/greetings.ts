import type { Peer } from '../kx/peer/peer.ts';
import type { Message } from '../kx/session/session.ts';

type Kept = ReturnType<Message['keep']>;
type Greeting = { readonly settled: Promise<boolean>; over: boolean; readonly waiting: Set<Kept> };

/** Holds the messages of a peer back until what follows from its greeting is on disk. The newest greeting of each peer alone counts. */
export class Greetings {
  readonly #newest = new WeakMap<Peer, Greeting>();

  /** @param settled whether it went well; messages that came until then are handled only if it did */
  begin(peer: Peer, settled: Promise<boolean>): void {
    const over = () => {
      greeting.over = true;
    };
    const greeting: Greeting = { over: false, settled: settled.finally(over), waiting: new Set() };
    const before = this.#newest.get(peer);
    this.#newest.set(peer, greeting);
    // Nobody handles those of a connection that is no more: on a disk that hangs they would add up.
    for (const frame of before?.waiting ?? []) frame[Symbol.dispose]();
    before?.waiting.clear();
  }

  /** Runs `handle` now, or once the peer's greeting has settled, in the order of calls. @param message lent; kept while it waits */
  after(
    peer: Peer,
    message: Message,
    handle: (message: Message) => void | Promise<void>,
  ): void | Promise<void> {
    const greeting = this.#newest.get(peer);
    if (greeting === undefined || greeting.over) return handle(message);
    const kept = message.keep();
    greeting.waiting.add(kept);
    return greeting.settled.then((well) => {
      if (!greeting.waiting.delete(kept)) return undefined;
      using frame = kept;
      return well && this.#newest.get(peer) === greeting ? handle(frame) : undefined;
    });
  }
}
