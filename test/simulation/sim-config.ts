import { type Config, configSchema } from '../../src/config/schema.ts';
import type { Plan, PoolPlan } from './plan.ts';

export const KX_PORT = 4163;

export function saeOf(node: string): string {
  return `app-${node.toLowerCase()}`;
}

/** Each module has a driver of its own, so that the agent's table of drivers leads to it. */
export function driverOf(peer: string): string {
  return `module-of-${peer.toLowerCase()}`;
}

export function homeOf(node: string): string {
  return `/simulated/${node}`;
}

function linkPool({ blockUnits }: Plan, { blocks, whenFull, hours }: PoolPlan) {
  return { max_keys: 2 * blocks * blockUnits, when_full: whenFull, max_age_hours: hours };
}

/** The configuration of a node, as an operator would write it. */
export function configOf(plan: Plan, node: string): Config {
  const home = homeOf(node);
  const neighbours = plan.edges.flatMap(([a, b]) => (a === node ? [b] : b === node ? [a] : []));
  const routes = plan.relays.flatMap(({ from, to, via }) =>
    from === node
      ? [{ destination: to, via: [...via] }]
      : to === node
        ? [{ destination: from, via: [...via].reverse() }]
        : [],
  );
  const shared = [...neighbours, ...routes.map(({ destination }) => destination)];
  const tls = { certificate: `${home}/kx.pem`, private_key: `${home}/kx.key` };
  return configSchema.parse({
    kma_id: node,
    data_directory: `${home}/data`,
    node_key: { file: `${home}/node.key` },
    ...(plan.guarded && { rollback_guard: { file: `${home}/guard` } }),
    kx: {
      ...tls,
      ca: `${home}/ca.pem`,
      listen: `0.0.0.0:${KX_PORT}`,
      // Where both dial, they have to agree on one connection.
      peers: neighbours.map((kma_id) => ({
        kma_id,
        ...((node < kma_id || plan.seed % 2 === 0) && { address: `${kma_id}:${KX_PORT}` }),
      })),
      routes,
    },
    links: neighbours.map((peer) => ({
      peer,
      driver: driverOf(peer),
      port: { path: `/dev/tty-${peer}` },
      unauthenticated_module: true,
      qber_max: 0.1,
      suspect_blocks: plan.seed % 3 === 0 ? 'destroy' : 'hold',
      suspect_release: plan.seed % 2 === 0 ? 'operator' : 'alarm_end',
    })),
    supply: {
      ...tls,
      listen: '0.0.0.0:443',
      client_ca: `${home}/ca.pem`,
      applications: [
        { sae_id: saeOf(node) },
        // One that shares nothing with anyone, and asks for what is not its own.
        { sae_id: `${saeOf(node)}-other` },
        ...shared.map((kma_id) => ({ sae_id: saeOf(kma_id), kma_id })),
      ],
    },
    pools: [
      ...routes.map(({ destination }) => ({
        kma_id: destination,
        low_water_keys: plan.waterUnits,
        high_water_keys: plan.waterUnits * 4,
        ...(plan.pools && { when_full: plan.pools.whenFull, max_age_hours: plan.pools.hours }),
      })),
      ...neighbours.map((kma_id) => ({ kma_id, ...(plan.pools && linkPool(plan, plan.pools)) })),
    ],
  });
}
