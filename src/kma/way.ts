import type { Peer } from '../kx/peer/peer.ts';
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

/** Its first neighbour, if there is a way. */
export function nextTo({ routes, peers }: Around, destination: string): Peer | undefined {
  return peers.get(routes.transit(destination)?.[0] ?? destination);
}
