import { duplicates } from './common-faults.ts';
import type { FaultPath, FoundFault } from './faults.ts';
import { directPlainKmas, plainKmas } from './plain-kmas.ts';
import type { Config } from './schema.ts';

/** What plain Q.4163 peers may and may not be: they have no pads, no proofs and no sealed key IDs. */
export function plainRules(config: Config): FoundFault[] {
  return [settingFaults, linkFaults, protectionFaults, routeFaults, applicationFaults].flatMap((rule) =>
    rule(config),
  );
}

function settingFaults({ kx }: Config): FoundFault[] {
  const only = (at: FaultPath, key: string): FoundFault => ({
    code: 'configuration.plain_setting',
    at: [...at, key],
    message: `${key} is for plain peers, and this one speaks keyferry/1`,
    remedy: `Remove ${key}, or set protocol: plain if the neighbour is another make of key manager.`,
  });
  return kx.peers.flatMap(({ protocol, unprotected_key, member_names }, i) => {
    const at = ['kx', 'peers', i];
    if (protocol === 'plain') return [];
    return [
      ...(unprotected_key ? [only(at, 'unprotected_key')] : []),
      ...(member_names === 'source_KMA_ID' ? [] : [only(at, 'member_names')]),
    ];
  });
}

function linkFaults({ kx, links }: Config): FoundFault[] {
  return links.flatMap((link, i) => {
    const peer = kx.peers.find(({ kma_id }) => kma_id === link.peer);
    if (peer?.protocol !== 'plain') return [];
    return {
      code: 'configuration.plain_link',
      at: ['links', i, 'peer'],
      message: `${link.peer} is a plain peer: it cannot prove that it holds the same bits`,
      remedy: `Remove the link, or protocol: plain from the peer ${link.peer}.`,
    };
  });
}

// Whatever would bring key over a link that only TLS protects needs the word of whoever wrote the file.
function protectionFaults(config: Config): FoundFault[] {
  const { kx, pools, supply } = config;
  const closed = new Set(
    kx.peers.filter((peer) => peer.protocol === 'plain' && !peer.unprotected_key).map((peer) => peer.kma_id),
  );
  const direct = directPlainKmas(config);
  const fault = (at: FaultPath, kmaId: string): FoundFault => ({
    code: 'configuration.unprotected_key',
    at,
    message: `no key may go over the plain link to ${kmaId}: only TLS would protect it`,
    remedy: `Remove this, or allow it with unprotected_key: true at the peer ${kmaId}.`,
  });
  const faults: FoundFault[] = [];
  kx.routes.forEach(({ via }, i) => {
    if (closed.has(via[0]!)) faults.push(fault(['kx', 'routes', i, 'via', 0], via[0]!));
  });
  pools.forEach(({ kma_id }, i) => {
    if (closed.has(kma_id) && direct.has(kma_id)) faults.push(fault(['pools', i, 'kma_id'], kma_id));
  });
  supply?.applications.forEach(({ kma_id }, i) => {
    if (kma_id === undefined || !closed.has(kma_id) || !direct.has(kma_id)) return;
    faults.push(fault(['supply', 'applications', i, 'kma_id'], kma_id));
  });
  return faults;
}

function routeFaults({ kx }: Config): FoundFault[] {
  return kx.routes.flatMap(({ destination, protocol }, i) => {
    const peer = kx.peers.find(({ kma_id }) => kma_id === destination);
    if (protocol !== 'plain' || peer === undefined || peer.protocol === 'plain') return [];
    return {
      code: 'configuration.plain_setting',
      at: ['kx', 'routes', i, 'protocol'],
      message: `kx.peers says that ${destination} speaks keyferry/1`,
      remedy: 'Say the same in both places.',
    };
  });
}

function applicationFaults(config: Config): FoundFault[] {
  const plain = plainKmas(config);
  return (config.supply?.applications ?? []).flatMap(({ kma_id, plain_kma_ids }, i) => {
    const at = (j: number) => ['supply', 'applications', i, 'plain_kma_ids', j];
    const faults = duplicates(plain_kma_ids, (kmaId) => kmaId, at);
    plain_kma_ids.forEach((kmaId, j) => {
      if (kma_id !== undefined && kma_id !== config.kma_id)
        faults.push({
          code: 'configuration.plain_setting',
          at: at(j),
          message: `the application is served by ${kma_id}, not here`,
          remedy: 'Remove plain_kma_ids: it is for applications of this node.',
        });
      else if (!plain.has(kmaId))
        faults.push({
          code: 'configuration.not_plain',
          at: at(j),
          message: `${kmaId} is no plain KMA: its key IDs are bound to applications anyway`,
          remedy: `Remove it, or set protocol: plain at the peer ${kmaId} or at the route to it.`,
        });
    });
    return faults;
  });
}
