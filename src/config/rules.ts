import { parseHostPort } from './address.ts';
import { auditRules } from './audit-rules.ts';
import { duplicates, sameAuthority } from './common-faults.ts';
import type { FoundFault } from './faults.ts';
import { moduleRules } from './module-rules.ts';
import { directPlainKmas } from './plain-kmas.ts';
import { plainRules } from './plain-rules.ts';
import { pushRules } from './push-rules.ts';
import { routeRules } from './route-rules.ts';
import { type Config, type PortConfig, poolDefaults } from './schema.ts';

/** The longest path that the kernel takes for a socket, in bytes without the closing NUL. */
const SOCKET_PATH_BYTES_MAX = 107;

/** What must hold between fields, once each is right by itself. */
export function checkRules(config: Config): FoundFault[] {
  const rules = [
    peerRules,
    linkRules,
    moduleRules,
    routeRules,
    plainRules,
    supplyRules,
    pushRules,
    poolRules,
    addressRules,
    pathRules,
    auditRules,
  ];
  return rules.flatMap((rule) => rule(config));
}

function peerRules({ kma_id, kx }: Config): FoundFault[] {
  const at = (i: number, key: string) => ['kx', 'peers', i, key];
  const faults = [
    ...duplicates(
      kx.peers,
      (peer) => peer.kma_id,
      (i) => at(i, 'kma_id'),
    ),
    ...duplicates(
      kx.peers,
      (peer) => peer.address,
      (i) => at(i, 'address'),
    ),
  ];
  kx.peers.forEach((peer, i) => {
    if (peer.kma_id === kma_id)
      faults.push({
        code: 'configuration.own_id',
        at: at(i, 'kma_id'),
        message: `${kma_id} is this node itself`,
        remedy: 'Name the neighbour here, or correct kma_id at the top.',
      });
  });
  const waiting = kx.peers.findIndex((peer) => peer.address === undefined);
  if (kx.listen === undefined && waiting >= 0)
    faults.push({
      code: 'configuration.listen_missing',
      at: ['kx', 'peers', waiting],
      message: `${kx.peers[waiting]?.kma_id} has no address and kx.listen is not set: nobody would dial`,
      remedy: 'Give the peer an address, or set kx.listen.',
    });
  return faults;
}

function linkRules({ kx, links }: Config): FoundFault[] {
  const faults = [
    ...duplicates(
      links,
      (link) => link.peer,
      (i) => ['links', i, 'peer'],
    ),
    ...duplicates(
      links,
      (link) => link.link_id,
      (i) => ['links', i, 'link_id'],
    ),
    ...duplicates(
      links,
      (link) => portName(link.port),
      (i) => ['links', i, 'port'],
    ),
  ];
  links.forEach((link, i) => {
    if (!kx.peers.some((peer) => peer.kma_id === link.peer))
      faults.push({
        code: 'configuration.unknown_peer',
        at: ['links', i, 'peer'],
        message: `${link.peer} is not among kx.peers`,
        remedy: `Add ${link.peer} to kx.peers: both ends of a link have to compare what they hold.`,
      });
  });
  return faults;
}

function supplyRules(config: Config): FoundFault[] {
  const { kma_id, kx, links, supply } = config;
  if (supply === undefined) return [];
  const faults = duplicates(
    supply.applications,
    (application) => application.sae_id,
    (i) => ['supply', 'applications', i, 'sae_id'],
  );
  const reachable = new Set([
    kma_id,
    ...links.map((link) => link.peer),
    ...kx.routes.map((route) => route.destination),
    ...directPlainKmas(config),
  ]);
  supply.applications.forEach((application, i) => {
    if (application.kma_id !== undefined && !reachable.has(application.kma_id))
      faults.push({
        code: 'configuration.unreachable',
        at: ['supply', 'applications', i, 'kma_id'],
        message: `no link and no route leads to ${application.kma_id}`,
        remedy: `Add a link with peer ${application.kma_id}, or a route with that destination to kx.routes.`,
      });
  });
  if (supply.default_key_bits > supply.max_key_bits)
    faults.push({
      code: 'configuration.key_size',
      at: ['supply', 'default_key_bits'],
      message: `${supply.default_key_bits} is more than max_key_bits, ${supply.max_key_bits}`,
      remedy: 'Lower default_key_bits or raise max_key_bits.',
    });
  return faults;
}

function poolRules(config: Config): FoundFault[] {
  const { kx, pools } = config;
  const direct = directPlainKmas(config);
  const faults = duplicates(
    pools,
    (pool) => pool.kma_id,
    (i) => ['pools', i, 'kma_id'],
  );
  pools.forEach((pool, i) => {
    const { kma_id, low_water_keys, high_water_keys, max_keys } = pool;
    const linked = config.links.some((link) => link.peer === kma_id);
    if (!linked && !kx.routes.some((route) => route.destination === kma_id) && !direct.has(kma_id))
      faults.push({
        code: 'configuration.pool_without_route',
        at: ['pools', i, 'kma_id'],
        message: `no key is shared with ${kma_id}: no link leads there, and no route`,
        remedy: `Remove the pool, or add a route to ${kma_id} to kx.routes.`,
      });
    if (linked && (low_water_keys ?? high_water_keys) !== undefined)
      faults.push({
        code: 'configuration.water_marks',
        at: ['pools', i, low_water_keys === undefined ? 'high_water_keys' : 'low_water_keys'],
        message: `the pool with ${kma_id} is filled by a link and has no water marks`,
        remedy: 'Remove low_water_keys and high_water_keys.',
      });
    const low = low_water_keys ?? poolDefaults.low_water_keys;
    const high = high_water_keys ?? poolDefaults.high_water_keys;
    if (low > high)
      faults.push({
        code: 'configuration.water_marks',
        at: ['pools', i, 'low_water_keys'],
        message: `${low} is more than high_water_keys, ${high}`,
        remedy: 'Make low_water_keys the smaller of the two.',
      });
    if (!linked && max_keys !== undefined && high > max_keys)
      faults.push({
        code: 'configuration.water_marks',
        at: ['pools', i, 'max_keys'],
        message: `the pool with ${kma_id} is to be filled to ${high} KMA-keys (high_water_keys) and hold no more than ${max_keys}`,
        remedy: 'Lower high_water_keys, or raise max_keys; at the node of that KMA as well.',
      });
  });
  return faults;
}

const WILDCARDS = new Set(['0.0.0.0', '::']);

function addressRules({ kx, supply }: Config): FoundFault[] {
  const faults: FoundFault[] = [];
  const own = kx.listen === undefined ? undefined : parseHostPort(kx.listen);
  const other = supply === undefined ? undefined : parseHostPort(supply.listen);
  if (own !== undefined && other !== undefined && own.port === other.port && own.port !== 0)
    if (own.host === other.host || WILDCARDS.has(own.host) || WILDCARDS.has(other.host))
      faults.push({
        code: 'configuration.address_clash',
        at: ['supply', 'listen'],
        message: `port ${other.port} is taken by kx.listen`,
        remedy: 'Give one of the two another port.',
      });
  kx.peers.forEach((peer, i) => {
    if (peer.address !== undefined && peer.address === kx.listen)
      faults.push({
        code: 'configuration.dials_itself',
        at: ['kx', 'peers', i, 'address'],
        message: "is this node's own kx.listen",
        remedy: "Write the neighbour's address.",
      });
  });
  return faults;
}

function pathRules({ control, kx, supply }: Config): FoundFault[] {
  const faults: FoundFault[] = [];
  if (Buffer.byteLength(control.socket) > SOCKET_PATH_BYTES_MAX)
    faults.push({
      code: 'configuration.socket_path',
      at: ['control', 'socket'],
      message: `the whole path is longer than the ${SOCKET_PATH_BYTES_MAX} bytes that a socket may have`,
      remedy: 'Choose a shorter path.',
    });
  if (supply !== undefined && supply.client_ca === kx.ca) faults.push(sameAuthority());
  return faults;
}

function portName(port: PortConfig): string {
  if ('path' in port) return port.path;
  if ('folder' in port) return port.folder.path;
  if ('program' in port) return port.program.join(' ');
  return `${port.usb.vendor}:${port.usb.product}:${port.usb.serial ?? ''}`;
}
