import { duplicates } from './common-faults.ts';
import type { FoundFault } from './faults.ts';
import type { Config, RouteConfig } from './schema.ts';

/** A route starts at a neighbour, passes each KMA once and ends at one that no link reaches. */
export function routeRules(config: Config): FoundFault[] {
  const { routes } = config.kx;
  return [
    ...duplicates(
      routes,
      (route) => route.destination,
      (i) => ['kx', 'routes', i, 'destination'],
    ),
    ...routes.flatMap((route, i) => [...destinationFaults(config, route, i), ...viaFaults(config, route, i)]),
  ];
}

function destinationFaults({ kma_id, links }: Config, { destination }: RouteConfig, i: number): FoundFault[] {
  const at = ['kx', 'routes', i, 'destination'];
  if (destination === kma_id) {
    const remedy = 'Name the far end here, or correct kma_id at the top.';
    return [{ code: 'configuration.own_id', at, message: `${kma_id} is this node itself`, remedy }];
  }
  if (!links.some((link) => link.peer === destination)) return [];
  const message = `a QKD link leads to ${destination}: key needs no relay to it`;
  return [{ code: 'configuration.needless_route', at, message, remedy: 'Remove the route.' }];
}

function viaFaults({ kma_id, kx }: Config, { destination, via }: RouteConfig, i: number): FoundFault[] {
  const at = (j: number) => ['kx', 'routes', i, 'via', j];
  const faults = duplicates(via, (transit) => transit, at);
  via.forEach((transit, j) => {
    if (transit === kma_id || transit === destination)
      faults.push({
        code: 'configuration.route_circle',
        at: at(j),
        message: `${transit} is an end of the route, so it cannot be on the way`,
        remedy: 'List only the KMAs between this node and the destination.',
      });
  });
  const first = via[0];
  if (first !== undefined && first !== kma_id && !kx.peers.some((peer) => peer.kma_id === first))
    faults.push({
      code: 'configuration.unknown_peer',
      at: at(0),
      message: `${first} is not among kx.peers, so the first step of the route leads nowhere`,
      remedy: `Start the route at a neighbour, or add ${first} to kx.peers.`,
    });
  return faults;
}
