import type { Peer } from '../kx/peer/peer.ts';
import { limits } from '../limits.ts';
import type { KeyStore } from '../store/key-store.ts';
import { relayFailure } from './relay-failure.ts';
import type { Routes } from './routes.ts';

/** How key gets to a destination: the transit KMAs, and the neighbour that it goes to first. */
export type Way = { readonly destination: string; readonly transit: readonly string[]; readonly next: Peer };

type Around = { readonly routes: Routes; readonly peers: ReadonlyMap<string, Peer> };

/** The way as it is now; a reload may change it. @throws AgentError `relay.no_route`, `relay.linked` */
export function wayTo({ routes, peers }: Around, destination: string): Way {
  const transit = routes.need(destination);
  const next = peers.get(transit[0] ?? destination);
  if (next === undefined) throw relayFailure('no_route', destination);
  return { destination, transit, next };
}

/** KMA-keys for which there is pad now: one unit authenticates, one may be the ID secret. A plain neighbour has no pads. */
export function roomTo(around: Around & { readonly store: KeyStore }, destination: string): number {
  const { plain, kmaId = destination } = nextTo(around, destination) ?? {};
  return plain === undefined ? around.store.pool(kmaId).ownLeft - 2 : limits.relayKeysMax;
}

/** Its first neighbour, if there is a way. */
export function nextTo({ routes, peers }: Around, destination: string): Peer | undefined {
  return peers.get(routes.transit(destination)?.[0] ?? destination);
}
