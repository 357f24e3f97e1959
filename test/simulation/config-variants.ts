import type { Config } from '../../src/config/schema.ts';
import type { Random } from '../fuzz/random.ts';

/** The same configuration, but for one thing that an operator may change while the agent runs. */
export function variantOf(config: Config, random: Random): Config {
  const peer = random.pick(config.kx.peers).kma_id;
  return random.pick([withOtherLink, withoutPeer, withoutLink, withOtherPools, withoutApplications])(
    config,
    peer,
  );
}

function withOtherLink(config: Config, peer: string): Config {
  return {
    ...config,
    links: config.links.map((link) => (link.peer === peer ? { ...link, qber_max: 0.2 } : link)),
  };
}

function withoutLink(config: Config, peer: string): Config {
  return { ...config, links: config.links.filter((link) => link.peer !== peer) };
}

function withoutPeer(config: Config, peer: string): Config {
  const peers = config.kx.peers.filter(({ kma_id }) => kma_id !== peer);
  const routes = config.kx.routes.filter(({ via }) => via[0] !== peer);
  return withoutLink({ ...config, kx: { ...config.kx, peers, routes } }, peer);
}

function withOtherPools(config: Config): Config {
  return { ...config, pools: [] };
}

function withoutApplications(config: Config): Config {
  const { supply } = config;
  if (supply === undefined) return config;
  return { ...config, supply: { ...supply, applications: supply.applications.slice(0, 1) } };
}
