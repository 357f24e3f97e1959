import { type FoundFault, pathText } from '../config/faults.ts';
import type { Config } from '../config/schema.ts';
import type { Log } from '../env/log.ts';
import { AgentError, rethrowInvariant, unexpected } from '../errors.ts';
import type { SecretBytes } from '../secret/secret-bytes.ts';
import { changesOf } from './changes.ts';
import type { WholeAgent } from './neighbours.ts';
import { nodeKeyOf } from './orders-for-key.ts';
import type { LoadedConfig } from './origin.ts';
import { checkLinks, reconfigure } from './reconfigure.ts';
import type { AgentParts } from './status.ts';

/** What a reload did, as `keyferry reload --json` prints it. Times are of ISO 8601. */
export type Reloaded = {
  readonly certificate_expires: string;
  readonly crl_next_update: string | null;
  /** Connections ended because their peer is not believed any more. */
  readonly connections_ended: number;
  /** Node keys that open the store: 2 while a new one is to take the place of the old. */
  readonly node_keys: number;
  /** What the configuration file says otherwise than before, as it is named there. */
  readonly changed: readonly string[];
  readonly config_sha256: string | null;
};

/**
 * Reads the configuration file anew, and the certificates, private keys, authorities and revocation lists that it names. All are looked at
 * before any is used; what has not changed goes on.
 * @throws AgentError `configuration.faults`, `configuration.needs_restart`, `configuration.reload_refused` and others; then everything is as it was
 */
export function reload(parts: WholeAgent, log: Log): Promise<Reloaded> {
  // What is on disk when the last one is asked for is what counts.
  return inTurn(parts, () => reloadNow(parts, log));
}

/**
 * One after the other, once the agent has started and until it stops: reloads, and changes of the node key, of which a reload takes the new one.
 * @throws AgentError `agent.stopping`
 */
export function inTurn<Done>({ reloads }: AgentParts, act: () => Promise<Done>): Promise<Done> {
  const done = reloads.last.then(() => {
    if (reloads.stopped) throw stopping();
    return act();
  });
  reloads.last = done.catch(() => {});
  return done;
}

async function reloadNow(parts: WholeAgent, log: Log): Promise<Reloaded> {
  const { origin } = parts;
  const { config: next, sha256 }: LoadedConfig = origin.read?.() ?? { ...origin, config: parts.config };
  const changes = changesOf(parts.config, next);
  refuseFaults(parts, next, log);
  checkLinks(parts, next, changes);
  using nodeKey = nodeKeyOf(parts);
  parts.store.rotation.expect(nodeKey);
  const ended = await useTlsFiles(parts, next);
  const changed = new Set([...changes.peers, ...changes.links]);
  const connections_ended = ended + [...changed].filter((kmaId) => parts.peers.get(kmaId)?.up).length;
  parts.auditing.reload(next);
  await reconfigure(parts, next, changes);
  const node_keys = takeNodeKey(parts, nodeKey, log);
  const { expires, crlNextUpdate } = parts.transport.credentials;
  const done = {
    certificate_expires: expires.toISOString(),
    crl_next_update: crlNextUpdate?.toISOString() ?? null,
    connections_ended,
    node_keys,
    changed: changes.named,
    config_sha256: sha256 ?? null,
  };
  log.info('agent.reloaded', { ...done, changed: changes.named.join(', ') });
  return done;
}

/** @returns how many connections are ended by it */
async function useTlsFiles({ transport, doors, world }: AgentParts, next: Config): Promise<number> {
  const fresh = world.tlsFiles.credentials(next.kx);
  try {
    const reason = await fresh.tryOut();
    if (reason !== undefined) throw refused([`this node's own certificate would be refused: ${reason}`]);
    if (next.supply !== undefined && doors.supply !== undefined) {
      const tls = world.tlsFiles.delivery(next.supply);
      doors.supply.reload(tls);
      tls.privateKey.fill(0);
    }
  } catch (thrown) {
    fresh.wipe();
    throw thrown;
  }
  const before = transport.credentials;
  const ended = transport.use(fresh);
  before.wipe();
  return ended;
}

// The node key that was to come takes the place of the old one, for the store and for the trail: at the end, since it cannot be undone. What was reloaded is in
// effect by then, so a disk that takes nothing leaves both node keys to open the store, as before the reload.
function takeNodeKey({ store, auditing }: AgentParts, nodeKey: SecretBytes, log: Log): number {
  try {
    const holders = store.rotation.given(nodeKey);
    auditing.sealUnder(nodeKey);
    return holders;
  } catch (thrown) {
    rethrowInvariant(thrown);
    const { code, message, remedy } = thrown instanceof AgentError ? thrown : unexpected(thrown);
    log.error('agent.node_key.not_taken', { code, reason: message, remedy });
    return 2;
  }
}

function refuseFaults({ clock, world }: AgentParts, next: Config, log: Log): void {
  const found = world.tlsFiles.faults(next, new Date(clock.wallMs()));
  // TLS works all the same.
  const readable = (fault: FoundFault) => fault.code === 'configuration.key_readable';
  for (const { message, remedy } of found.filter(readable))
    log.warn('agent.reload_careless', { reason: message, remedy });
  const faults = found.filter((fault) => !readable(fault));
  if (faults.length > 0) throw refused(faults.map(({ at, message }) => `${pathText(at)} ${message}`));
}

function refused(reasons: readonly string[]): AgentError {
  return new AgentError('configuration.reload_refused', `nothing was reloaded: ${reasons.join('; ')}`, {
    fault: 'configuration',
    remedy: 'Correct the files, then reload again: until then the agent goes on with the old ones.',
  });
}

function stopping(): AgentError {
  return new AgentError('agent.stopping', 'the agent is stopping', {
    fault: 'host',
    remedy: 'Start it again: it reads its configuration then.',
  });
}
