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
import type { Supply } from '../ksa/supply.ts';
import type { KeySettings } from './settings.ts';

/** What is around the supply of a node with applications: keys are announced to other nodes, and pushed to applications here. */
export type PushParts = {
  /** What applications ask. */
  readonly announcing: KeySupply;
  readonly proactive: ProactiveSupply;
  readonly streams: PushStreams;
};

/** Builds key supply notification around the supply; a node without applications (`settings` undefined) passes it on. */
export function buildNotification(
  settings: KeySettings | undefined,
  supply: Supply | undefined,
  parts: NoticeSourceParts,
  log: Log,
  audit: Audit,
): { readonly notification: SupplyNotification; readonly push: PushParts | undefined } {
  const source = new NoticeSource(parts);
  const push = settings && supply && buildPush(settings, supply, source, parts.clock, log, audit);
  const supplyKeys: ProactiveSupply['supply'] | undefined =
    push && ((from, notice) => push.proactive.supply(from, notice));
  return { notification: new SupplyNotification({ ...parts, log, source, supplyKeys }), push };
}

function buildPush(
  settings: KeySettings,
  supply: Supply,
  source: NoticeSource,
  clock: Clock,
  log: Log,
  audit: Audit,
): PushParts {
  const streams = new PushStreams(clock);
  const announcing = new AnnouncingSupply(settings.announcing, supply, source, clock, log);
  const recorded = new AuditedSupply(settings.unasked, supply, audit);
  return {
    announcing: new AuditedSupply(settings.asked, announcing, audit),
    proactive: new ProactiveSupply(settings.proactive, recorded, streams, log),
    streams,
  };
}
