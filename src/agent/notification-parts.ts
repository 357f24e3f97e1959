import type { Config, SupplyConfig } from '../config/schema.ts';
import type { Audit } from '../env/audit.ts';
import type { Clock } from '../env/clock.ts';
import type { Log } from '../env/log.ts';
import { NoticeSource, type NoticeSourceParts } from '../kma/notice-source.ts';
import { SupplyNotification } from '../kma/supply-notification.ts';
import { AnnouncingSupply } from '../ksa/announcing-supply.ts';
import { AuditedSupply } from '../ksa/audited-supply.ts';
import type { KeySupply } from '../ksa/key-supply.ts';
import { ProactiveSupply } from '../ksa/proactive-supply.ts';
import { PushStreams } from '../ksa/push-streams.ts';
import { Sessions } from '../ksa/sessions.ts';
import type { Supply } from '../ksa/supply.ts';

/** What is around the supply of a node with applications: keys are announced to other nodes, and pushed to applications here. */
export type PushParts = {
  /** What applications ask. */
  readonly announcing: KeySupply;
  readonly proactive: ProactiveSupply;
  readonly streams: PushStreams;
};

/** Builds key supply notification around the supply; a node without applications passes it on. */
export function buildNotification(
  config: Config,
  supply: Supply | undefined,
  parts: NoticeSourceParts,
  log: Log,
  audit: Audit,
): { readonly notification: SupplyNotification; readonly push: PushParts | undefined } {
  const source = new NoticeSource(parts);
  const push =
    config.supply && supply && buildPush(config, config.supply, supply, source, parts.clock, log, audit);
  const supplyKeys: ProactiveSupply['supply'] | undefined =
    push && ((from, notice) => push.proactive.supply(from, notice));
  return { notification: new SupplyNotification({ ...parts, log, source, supplyKeys }), push };
}

function buildPush(
  { kma_id, kx }: Config,
  config: SupplyConfig,
  supply: Supply,
  source: NoticeSource,
  clock: Clock,
  log: Log,
  audit: Audit,
): PushParts {
  const sessions = new Sessions(
    config.sessions.map((one) => ({
      sessionId: one.id,
      pair: { masterSaeId: one.source_sae_id, slaveSaeId: one.destination_sae_id },
      number: one.number_of_keys,
      sizeBits: one.size_of_key ?? config.default_key_bits,
    })),
  );
  const applications = new Map(config.applications.map((one) => [one.sae_id, one.kma_id ?? kma_id]));
  const pushed = new Set(config.applications.filter((one) => one.push).map((one) => one.sae_id));
  const plain = new Set(kx.peers.filter((peer) => peer.protocol === 'plain').map((peer) => peer.kma_id));
  const streams = new PushStreams(clock);
  const announcing = new AnnouncingSupply({ pushed, plain, sessions }, supply, source, clock, log);
  const asked = { applications, names: { take: 'supply.enc_keys', find: 'supply.dec_keys' } };
  const unasked = { applications, names: { take: 'supply.push', find: 'supply.push' } };
  const recorded = new AuditedSupply(unasked, supply, audit);
  return {
    announcing: new AuditedSupply(asked, announcing, audit),
    proactive: new ProactiveSupply({ self: kma_id, applications, sessions }, recorded, streams, log),
    streams,
  };
}
