import type { Config } from './schema.ts';

/** The KMAs that speak plain Q.4163: neighbours with `protocol: plain`, and far ends of routes that say so. */
export function plainKmas({ kx }: Config): Set<string> {
  const peers = kx.peers.filter((peer) => peer.protocol === 'plain').map((peer) => peer.kma_id);
  const far = kx.routes.filter((route) => route.protocol === 'plain').map((route) => route.destination);
  return new Set([...peers, ...far]);
}

/** The plain neighbours to which no route leads: key is relayed to them directly. */
export function directPlainKmas({ kx }: Config): Set<string> {
  const routed = new Set(kx.routes.map((route) => route.destination));
  const direct = kx.peers.filter((peer) => peer.protocol === 'plain' && !routed.has(peer.kma_id));
  return new Set(direct.map((peer) => peer.kma_id));
}
