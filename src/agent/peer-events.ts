import type { Log } from '../env/log.ts';
import { messageOf, rethrowInvariant } from '../errors.ts';
import { StoreIdentity } from '../kma/store-identity.ts';
import { command } from '../kx/codec/header.ts';
import type { Peer, PeerEvents } from '../kx/peer/peer.ts';
import type { Message } from '../kx/session/session.ts';
import { Greetings } from './greetings.ts';
import type { AgentParts } from './status.ts';

type PeerParts = Pick<AgentParts, 'store' | 'relay' | 'notification' | 'links' | 'holdings'>;

/** What follows when a peer is up and when a message comes in: which part of the agent it is for. */
export function peerEvents({ store, relay, notification, links, holdings }: PeerParts, log: Log): PeerEvents {
  const identity = new StoreIdentity(store, log);
  const greetings = new Greetings();
  const greeted = async (peer: Peer, storeId: string) => {
    const { connects } = peer;
    const isOver = () => peer.connects !== connects;
    try {
      await identity.check(peer.kmaId, storeId);
      // A newer connection has a greeting of its own.
      if (isOver()) return false;
      holdings.get(peer.kmaId)?.tell();
      links.get(peer.kmaId)?.synchronise.onUp();
      relay.source.onPeerUp(peer);
      return true;
    } catch (thrown) {
      rethrowInvariant(thrown);
      log.error('kx.peer.error', { peer: peer.kmaId, reason: messageOf(thrown) });
      if (!isOver()) peer.drop('the key store could not take note of the peer');
      return false;
    }
  };
  return {
    onUp(peer, hello) {
      if (hello === undefined) return relay.source.onPeerUp(peer);
      greetings.begin(peer, greeted(peer, hello.storeId));
    },
    onMessage: (peer, message) => greetings.after(peer, message, (kept) => dispatch(peer, kept)),
  };

  function dispatch(peer: Peer, message: Message): void | Promise<void> {
    const code = message.header.command;
    if (code === command.keyRelay || code === command.keyRelayCompletion)
      return relay.onMessage(peer, message);
    if (code === command.keySupply || code === command.keySupplyResponse)
      return notification.onMessage(peer, message);
    const exchange = holdings.get(peer.kmaId);
    if (exchange !== undefined && code === command.holdings) return exchange.onMessage(message);
    const synchronise = links.get(peer.kmaId)?.synchronise;
    if (synchronise !== undefined && (code === command.syncProposal || code === command.syncAnswer))
      return synchronise.onMessage(message);
    log.warn('kx.message.unexpected', { peer: peer.kmaId, command: code });
  }
}
