import { duplicates } from './common-faults.ts';
import type { FoundFault } from './faults.ts';
import type { Config, SessionConfig, SupplyConfig } from './schema.ts';

/** What is announced goes to another node; a session has one application here and one at a neighbour. */
export function pushRules({ kma_id, kx, supply }: Config): FoundFault[] {
  if (supply === undefined) return [];
  const { applications, sessions } = supply;
  const at = (i: number, key: string) => ['supply', 'sessions', i, key];
  const neighbours = new Set(kx.peers.map((peer) => peer.kma_id));
  const homes = new Map(applications.map((one) => [one.sae_id, one.kma_id ?? kma_id]));
  return [
    ...applications.flatMap((application, i) => announcedHere(kma_id, application, i)),
    ...duplicates(
      sessions,
      (session) => session.id,
      (i) => at(i, 'id'),
    ),
    ...duplicates(
      sessions,
      (session) => `${session.source_sae_id} to ${session.destination_sae_id}`,
      (i) => at(i, 'destination_sae_id'),
    ),
    ...sessions.flatMap((session, i) => [
      ...sessionFaults(session, (saeId) => homes.get(saeId), kma_id, neighbours, i),
      ...sizeFaults(session, supply, i),
    ]),
  ];
}

function announcedHere(
  self: string,
  { kma_id, push, sae_id }: SupplyConfig['applications'][number],
  i: number,
): FoundFault[] {
  if (!push || (kma_id !== undefined && kma_id !== self)) return [];
  return [
    {
      code: 'configuration.push_here',
      at: ['supply', 'applications', i, 'push'],
      message: `${sae_id} is served by this node, so nothing is announced to another`,
      remedy: `Remove push here; the nodes whose applications take key for ${sae_id} set it.`,
    },
  ];
}

function sessionFaults(
  { source_sae_id, destination_sae_id }: SessionConfig,
  homeOf: (saeId: string) => string | undefined,
  self: string,
  neighbours: ReadonlySet<string>,
  i: number,
): FoundFault[] {
  const fault = (key: string, message: string, remedy: string): FoundFault[] => [
    { code: 'configuration.session', at: ['supply', 'sessions', i, key], message, remedy },
  ];
  const [source, destination] = [homeOf(source_sae_id), homeOf(destination_sae_id)];
  const unknown = (saeId: string) => `${saeId} is not among supply.applications`;
  if (source === undefined)
    return fault('source_sae_id', unknown(source_sae_id), `Add ${source_sae_id} there.`);
  if (destination === undefined)
    return fault('destination_sae_id', unknown(destination_sae_id), `Add ${destination_sae_id} there.`);
  const far = source === self ? destination : source;
  if ((source === self) === (destination === self))
    return fault(
      'destination_sae_id',
      `${source === self ? 'both applications are' : 'neither application is'} served by this node`,
      'Name one application of this node and one of another.',
    );
  if (neighbours.has(far)) return [];
  return fault(
    source === self ? 'destination_sae_id' : 'source_sae_id',
    `${far}, which serves it, is not among kx.peers`,
    'Set push for the application instead: what is announced finds its way over other nodes.',
  );
}

function sizeFaults(
  { size_of_key, number_of_keys }: SessionConfig,
  { max_key_bits, max_keys_per_request }: SupplyConfig,
  i: number,
): FoundFault[] {
  const at = (key: string) => ['supply', 'sessions', i, key];
  const faults: FoundFault[] = [];
  if (size_of_key !== undefined && size_of_key > max_key_bits)
    faults.push({
      code: 'configuration.key_size',
      at: at('size_of_key'),
      message: `${size_of_key} is more than max_key_bits, ${max_key_bits}`,
      remedy: 'Lower size_of_key or raise max_key_bits.',
    });
  if (number_of_keys > max_keys_per_request)
    faults.push({
      code: 'configuration.key_size',
      at: at('number_of_keys'),
      message: `${number_of_keys} is more than max_keys_per_request, ${max_keys_per_request}`,
      remedy: 'Lower number_of_keys or raise max_keys_per_request.',
    });
  return faults;
}
