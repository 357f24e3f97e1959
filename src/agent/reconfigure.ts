import { plainKmas } from '../config/plain-kmas.ts';
import type { Config } from '../config/schema.ts';
import { AgentError, messageOf } from '../errors.ts';
import type { Routes } from '../kma/routes.ts';
import { limits } from '../limits.ts';
import type { Changes } from './changes.ts';
import type { WholeAgent } from './neighbours.ts';
import { changeSettings, keySettings } from './settings.ts';

/** Where key goes, from now on. */
export function useRoutes(routes: Routes, config: Config): void {
  const neighbours = config.kx.peers.map((peer) => peer.kma_id);
  const linked = config.links.map((link) => link.peer);
  routes.use(neighbours, config.kx.routes, linked, plainKmas(config));
}

/** Whether every link that is new or has changed can be opened. @throws AgentError `configuration.…`, `store.hold_unreadable` */
export function checkLinks({ neighbours }: WholeAgent, next: Config, { links }: Changes): void {
  for (const link of next.links) if (links.includes(link.peer)) neighbours.checkLink(link);
}

/**
 * Has the agent run by `next`, of which all was looked at before. What has not changed goes on; a link or a connection that has is
 * ended and begun anew. What is taken away from anybody is taken away at once, before anything is waited for.
 */
export async function reconfigure(parts: WholeAgent, next: Config, changes: Changes): Promise<void> {
  const { neighbours, routes, settings, pools, origin } = parts;
  parts.config = next;
  useRoutes(routes, next);
  if (settings !== undefined && next.supply !== undefined)
    changeSettings(settings, keySettings(next, next.supply));
  pools.setPolicies(next);
  origin.setLogLevel?.(next.log.level);
  for (const kmaId of changes.peers) neighbours.removePeer(kmaId, 'the configuration has changed');
  await Promise.all(changes.links.map((kmaId) => closed(parts, kmaId, limits.linkCloseMs)));
  beginAnew(parts, changes);
  pools.fill(next);
}

/** Closes the module of a link. One that does not close holds nobody up for longer than `waitMs`. */
export async function closed(
  { neighbours, clock, log }: WholeAgent,
  kmaId: string,
  waitMs: number,
): Promise<void> {
  const failed = (reason: string) => log.error('module.not_closed', { link: kmaId, reason });
  let cancel = () => {};
  const late = new Promise<void>((resolve) => {
    cancel = clock.after(waitMs, () => {
      failed('it takes too long');
      resolve();
    });
  });
  const closing = neighbours.closeLink(kmaId).catch((thrown: unknown) => failed(messageOf(thrown)));
  await Promise.race([closing, late]);
  cancel();
}

function beginAnew(parts: WholeAgent, changes: Changes): void {
  const { config, neighbours, peers } = parts;
  const begun = config.kx.peers.filter(({ kma_id }) => changes.peers.includes(kma_id));
  for (const peer of begun) neighbours.addPeer(peer);
  const links = config.links.filter(({ peer }) => changes.links.includes(peer));
  const failed = links.filter((link) => !begins(parts, link.peer, () => neighbours.addLink(link)));
  for (const kmaId of new Set([...changes.peers, ...changes.links])) neighbours.addHoldings(kmaId);
  for (const { kma_id } of begun) peers.get(kma_id)?.start();
  for (const link of links) {
    if (failed.includes(link)) continue;
    // What either end has proposed on the old connection was between others.
    peers.get(link.peer)?.drop('its link has changed');
    if (!begins(parts, link.peer, () => neighbours.openLink(link.peer))) failed.push(link);
  }
  // So that the next reload finds that they are to be begun.
  if (failed.length > 0)
    parts.config = { ...config, links: config.links.filter((link) => !failed.includes(link)) };
}

function begins({ log }: WholeAgent, link: string, begin: () => void): boolean {
  try {
    begin();
    return true;
  } catch (thrown) {
    if (!(thrown instanceof AgentError)) throw thrown;
    const { code, message: reason, remedy } = thrown;
    log.error('agent.reload_incomplete', { link, code, reason, remedy });
    return false;
  }
}
