import { AuditSealer } from '../audit/chain/audit-sealer.ts';
import { type Link, linkOf } from '../audit/chain/line.ts';
import { withAudit } from '../audit/log-tap.ts';
import { Shipper } from '../audit/shipper.ts';
import { AuditTrail } from '../audit/trail.ts';
import { parseHostPort } from '../config/address.ts';
import { auditDirectory } from '../config/audit-rules.ts';
import type { Config } from '../config/schema.ts';
import type { Audit } from '../env/audit.ts';
import type { Log } from '../env/log.ts';
import { AgentError } from '../errors.ts';
import type { Answered } from '../ksa/gs-qkd-014/exchange.ts';
import { forgetCommissioning, readCommissioning } from '../node/zeroized-mark.ts';
import type { AuditStatus } from '../observe/status.ts';
import type { SecretBytes } from '../secret/secret-bytes.ts';
import type { BlockChange } from '../store/block.ts';
import type { KeyStore } from '../store/key-store.ts';
import { version } from '../version.ts';

import { readSyslogFiles } from './tls-files.ts';
import type { World } from './world.ts';

/** In the store's `meta`: the last place of the trail that was sealed. */
const ANCHOR = 'audit head';

/** The trail stands on the store, which remembers its head, and the store's blocks go on record: so it is there before it is open. */
export class AuditParts {
  /** Takes nothing before `open`. */
  readonly audit: Audit;
  /** What goes on record of the log does. */
  readonly log: Log;
  readonly #world: World;
  #trail: AuditTrail | undefined;
  #shipper: Shipper | undefined;

  constructor(log: Log, world: World) {
    this.#world = world;
    const current = () => this.#trail;
    this.audit = {
      record: (event) => current()?.record(event),
      sum: (event) => current()?.sum(event),
      get refusing() {
        return current()?.refusing ?? false;
      },
    };
    this.log = withAudit(log, this.audit);
  }

  get trail(): AuditTrail {
    return this.#trail!;
  }

  /**
   * @param nodeKey only lent
   * @param configSha256 of the configuration file, where it is known
   * @throws AgentError `host.audit_unwritable`
   */
  open(config: Config, store: KeyStore, nodeKey: SecretBytes, configSha256: string | undefined): void {
    const directory = auditDirectory(config);
    const { clock, disk } = this.#world;
    const trail = new AuditTrail({
      directory,
      kmaId: config.kma_id,
      sealer: new AuditSealer(nodeKey),
      clock,
      disk,
      log: this.log,
      maxBytes: config.audit.max_bytes,
      whenFull: config.audit.when_full,
      anchor: linkOf(store.meta(ANCHOR) ?? ''),
      remember: (head) => store.putMeta(ANCHOR, JSON.stringify(head)),
    });
    const facts = { version, pid: process.pid, before: trail.opened.before, config_sha256: configSha256 };
    trail.record({ what: 'agent.started', who: 'agent', outcome: 'done', facts });
    this.#trail = trail;
    this.#tellCommissioning(trail, config.data_directory);
    const { syslog } = config.audit;
    if (syslog === undefined) return;
    const { host, port } = parseHostPort(syslog.address)!;
    const shipped = { directory, kmaId: config.kma_id, audit: this.audit, clock, disk, log: this.log };
    this.#shipper = new Shipper({ ...shipped, collector: { host, port, tls: readSyslogFiles(syslog) } });
    this.#shipper.start();
  }

  // A zeroization without an agent, and the commissioning after it, have nobody else to put them on record.
  #tellCommissioning(trail: AuditTrail, dataDirectory: string): void {
    const { disk } = this.#world;
    const mark = readCommissioning(disk, dataDirectory);
    if (mark === undefined) return;
    const reason = `it was zeroized: ${mark}`;
    trail.record({ what: 'agent.commissioned', who: 'operator', outcome: 'done', reason });
    // Where that does not come about it is told once more.
    const told = trail.seal().then((place) => place && forgetCommissioning(disk, dataDirectory));
    told.catch(() => {});
  }

  /** From now on the trail is sealed under this node key. @param nodeKey only lent */
  sealUnder(nodeKey: SecretBytes): void {
    this.trail.sealUnder(new AuditSealer(nodeKey));
  }

  /** What the collector is shown and believed by, read anew. @throws AgentError `configuration.file_unreadable` */
  reload({ audit: { syslog } }: Config): void {
    if (syslog !== undefined) this.#shipper?.use(readSyslogFiles(syslog));
  }

  get status(): AuditStatus {
    return { ...this.trail.status, shipped_seq: this.#shipper?.acknowledged ?? null };
  }

  /** While the store is still there to remember the head. */
  async stop(): Promise<void> {
    await this.#trail?.stop({ what: 'agent.stopped', who: 'agent', outcome: 'done' });
  }

  /** What the store does when it is closed is on record, too. */
  async end(): Promise<void> {
    await this.#trail?.end();
    await this.#shipper?.stop();
  }

  /** A place that is on the disk, sealed. @throws AgentError `host.audit_full` */
  async head(): Promise<Link> {
    const head = await this.trail.seal();
    if (head !== undefined) return head;
    throw new AgentError('host.audit_full', 'the disk takes no records of the audit trail', {
      fault: 'host',
      remedy:
        'Free space on the disk of audit.directory, or replace it, and let the agent remove old files there.',
    });
  }

  /** Requests for key that were refused; those that were not go on record where the key is. */
  onAnswered({ code, status, saeId }: Answered): void {
    if (code === undefined) return;
    const who = saeId === undefined ? 'stranger' : `sae:${saeId}`;
    this.audit.sum({ what: 'supply.refused', who, outcome: 'refused', code, facts: { status } });
  }

  onBlock = ({ what, block, keys, state, reason }: BlockChange): void => {
    const { pool, own, number, units } = block;
    this.audit.record({
      what: `block.${what}`,
      who: 'agent',
      outcome: 'done',
      peer: pool,
      own,
      block: number,
      state,
      keys,
      reason,
      facts: what === 'stored' ? { origin: block.origin, units } : undefined,
    });
  };
}
