import { checkCertificateFiles } from '../config/certificate-files.ts';
import { type FoundFault, pathText } from '../config/faults.ts';
import { diskReader } from '../config/files.ts';
import type { Log } from '../env/log.ts';
import { AgentError } from '../errors.ts';
import { KxCredentials } from '../node/kx-credentials.ts';
import { nodeKeyOf } from './orders-for-key.ts';
import type { AgentParts } from './status.ts';
import { readKxFiles, readSupplyFiles } from './tls-files.ts';

/** What a reload did, as `keyferry reload --json` prints it. Times are of ISO 8601. */
export type Reloaded = {
  readonly certificate_expires: string;
  readonly crl_next_update: string | null;
  /** Connections ended because their peer is not believed any more. */
  readonly connections_ended: number;
  /** Node keys that open the store: 2 while a new one is to take the place of the old. */
  readonly node_keys: number;
};

/**
 * Reads the certificates, private keys, authorities and revocation lists of Kx and supply anew, from where the configuration said when
 * the agent started. All are looked at before any is used.
 * @throws AgentError `configuration.reload_refused` and others; then everything is as it was
 */
export function reloadTls(parts: AgentParts, log: Log): Promise<Reloaded> {
  const { reloads } = parts;
  // One after the other: what is on disk when the last one is asked for is what counts.
  const done = reloads.last.then(() => reload(parts, log));
  reloads.last = done.catch(() => {});
  return done;
}

async function reload(parts: AgentParts, log: Log): Promise<Reloaded> {
  const { config, transport, doors } = parts;
  refuseFaults(parts, log);
  const node_keys = takeNodeKey(parts);
  const fresh = new KxCredentials(readKxFiles(config.kx));
  try {
    const reason = await fresh.tryOut();
    if (reason !== undefined) throw refused([`this node's own certificate would be refused: ${reason}`]);
    if (config.supply !== undefined && doors.supply !== undefined) {
      const tls = readSupplyFiles(config.supply);
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
  const done = {
    certificate_expires: fresh.expires.toISOString(),
    crl_next_update: fresh.crlNextUpdate?.toISOString() ?? null,
    connections_ended: ended,
    node_keys,
  };
  log.info('agent.reloaded', done);
  return done;
}

// When it is the one that was to come, the old one opens nothing any more.
function takeNodeKey(parts: AgentParts): number {
  using now = nodeKeyOf(parts);
  return parts.store.rotation.given(now);
}

function refuseFaults({ config, clock }: AgentParts, log: Log): void {
  const found = checkCertificateFiles(config, { reader: diskReader, now: new Date(clock.wallMs()) });
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
