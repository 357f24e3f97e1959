import { plainKmas } from '../config/plain-kmas.ts';
import type { Config, SupplyConfig } from '../config/schema.ts';
import type { AnnouncingSettings } from '../ksa/announcing-supply.ts';
import type { AuditedSettings } from '../ksa/audited-supply.ts';
import type { ProactiveSettings } from '../ksa/proactive-supply.ts';
import { Sessions } from '../ksa/sessions.ts';
import type { SupplySettings } from '../ksa/supply.ts';

/** What applications may do, as the configuration says it. Each part looks it up at each request, so that a reload can change it under them. */
export type KeySettings = {
  readonly supply: SupplySettings;
  /** For the record of key that applications ask for, and of key that is pushed to them. */
  readonly asked: AuditedSettings;
  readonly unasked: AuditedSettings;
  readonly announcing: AnnouncingSettings;
  readonly proactive: ProactiveSettings;
};

export function keySettings(config: Config, supply: SupplyConfig): KeySettings {
  const self = config.kma_id;
  const applications = new Map(supply.applications.map(({ sae_id, kma_id }) => [sae_id, kma_id ?? self]));
  const sessions = sessionsOf(supply);
  const pushed = supply.applications.filter(({ push }) => push).map(({ sae_id }) => sae_id);
  return {
    supply: {
      self,
      applications,
      defaultKeyBits: supply.default_key_bits,
      maxKeyBits: supply.max_key_bits,
      maxKeysPerRequest: supply.max_keys_per_request,
      linked: new Set(config.links.map((link) => link.peer)),
      plain: plainReaders(config, supply),
      peers: new Set(config.kx.peers.map((peer) => peer.kma_id)),
    },
    asked: { applications, names: { take: 'supply.enc_keys', find: 'supply.dec_keys' } },
    unasked: { applications, names: { take: 'supply.push', find: 'supply.push' } },
    announcing: {
      pushed: new Set(pushed),
      plain: plainKmas(config),
      sessions,
    },
    proactive: { self, applications, sessions },
  };
}

/** From now on those who hold `settings` find in them what `next` says. */
export function changeSettings(settings: KeySettings, next: KeySettings): void {
  for (const part of Object.keys(settings) as (keyof KeySettings)[])
    Object.assign(settings[part], next[part]);
}

function sessionsOf({ sessions, default_key_bits }: SupplyConfig): Sessions {
  return new Sessions(
    sessions.map((one) => ({
      sessionId: one.id,
      pair: { masterSaeId: one.source_sae_id, slaveSaeId: one.destination_sae_id },
      number: one.number_of_keys,
      sizeBits: one.size_of_key ?? default_key_bits,
    })),
  );
}

/** The plain KMAs, and which applications of this node may fetch their keys. */
function plainReaders(config: Config, { applications }: SupplyConfig): Map<string, Set<string>> {
  const readers = (kmaId: string) => applications.filter((one) => one.plain_kma_ids.includes(kmaId));
  return new Map(
    [...plainKmas(config)].map((kmaId) => [kmaId, new Set(readers(kmaId).map(({ sae_id }) => sae_id))]),
  );
}
