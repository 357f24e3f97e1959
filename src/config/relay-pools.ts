import { directPlainKmas } from './plain-kmas.ts';
import { type Config, poolDefaults } from './schema.ts';

/**
 * The remote KMAs whose pool this node keeps filled by key relay, with the water marks in KMA-keys: route destinations and plain
 * neighbours at which an application lives, or that `pools` names.
 */
export function relayPools(config: Config): Map<string, { low: number; high: number }> {
  const wanted = new Map<string, { low: number; high: number }>();
  const routed = [...config.kx.routes.map((route) => route.destination), ...directPlainKmas(config)];
  const { low_water_keys: low, high_water_keys: high } = poolDefaults;
  for (const { kma_id } of config.supply?.applications ?? [])
    if (kma_id !== undefined && routed.includes(kma_id)) wanted.set(kma_id, { low, high });
  const linked = new Set(config.links.map((link) => link.peer));
  for (const { kma_id, low_water_keys = low, high_water_keys = high } of config.pools)
    if (!linked.has(kma_id)) wanted.set(kma_id, { low: low_water_keys, high: high_water_keys });
  return wanted;
}
