import { plainKmas } from '../config/plain-kmas.ts';
import type { Config } from '../config/schema.ts';
import { messageOf } from '../errors.ts';
import type { Routes } from '../kma/routes.ts';
import type { Changes } from './changes.ts';
import type { WholeAgent } from './neighbours.ts';
import { changeSettings, keySettings } from './settings.ts';

/** Where key goes, from now on. */
export function useRoutes(routes: Routes, config: Config): void {
  const neighbours = config.kx.peers.map((peer) => peer.kma_id);
  const linked = config.links.map((link) => link.peer);
  routes.use(neighbours, config.kx.routes, linked, plainKmas(config));
}

/** Whether every link that is new or has changed can be opened. @throws AgentError `configuration.…` */
export function checkLinks({ neighbours }: WholeAgent, next: Config, { links }: Changes): void {
  for (const link of next.links) if (links.includes(link.peer)) neighbours.checkLink(link);
}

/**
 * Has the agent run by `next`, of which all was looked at before. What has not changed goes on; a link or a connection that has is
 * ended and begun anew.
 */
export async function reconfigure(parts: WholeAgent, next: Config, changes: Changes): Promise<void> {
  const { neighbours, routes, settings, pools, origin, log } = parts;
  const notClosed = (thrown: unknown) => log.error('agent.stop_failed', { reason: messageOf(thrown) });
  await Promise.all(changes.links.map((kmaId) => neighbours.closeLink(kmaId).catch(notClosed)));
  parts.config = next;
  for (const kmaId of changes.peers) neighbours.removePeer(kmaId, 'the configuration has changed');
  useRoutes(routes, next);
  if (settings !== undefined && next.supply !== undefined)
    changeSettings(settings, keySettings(next, next.supply));
  pools.setPolicies(next);
  origin.setLogLevel?.(next.log.level);
  beginAnew(parts, changes);
  pools.fill(next);
}

function beginAnew({ config, neighbours, peers, links }: WholeAgent, changes: Changes): void {
  const begun = config.kx.peers.filter(({ kma_id }) => changes.peers.includes(kma_id));
  for (const peer of begun) neighbours.addPeer(peer);
  for (const link of config.links) if (changes.links.includes(link.peer)) neighbours.addLink(link);
  for (const kmaId of new Set([...changes.peers, ...changes.links])) neighbours.addHoldings(kmaId);
  for (const { kma_id } of begun) peers.get(kma_id)?.start();
  for (const kmaId of changes.links) {
    const link = links.get(kmaId);
    if (link === undefined) continue;
    // Its connection is there, and told nobody of the link.
    if (peers.get(kmaId)?.up) link.synchronise.onUp();
    neighbours.openLink(kmaId);
  }
}
