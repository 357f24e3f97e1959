import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/schema.ts';
import { AgentError } from '../errors.ts';

/** What a reload has to touch. */
export type Changes = {
  /** KMA IDs of neighbours whose connection is made anew, because what is said of it has changed, or is begun or ended. */
  readonly peers: readonly string[];
  /** KMA IDs of the neighbours at the other end of links whose module is opened anew, begun or ended. */
  readonly links: readonly string[];
  /** Names of whatever has changed, as in the file. */
  readonly named: readonly string[];
};

type Part = readonly [name: string, of: (config: Config) => unknown];

/** What a running agent stands on. */
const FIXED: readonly Part[] = [
  ['kma_id', ({ kma_id }) => kma_id],
  ['data_directory', ({ data_directory }) => data_directory],
  ['node_key', ({ node_key }) => node_key],
  ['rollback_guard', ({ rollback_guard }) => rollback_guard],
  ['tamper', ({ tamper }) => tamper],
  ['control', ({ control }) => control],
  ['audit', ({ audit }) => audit],
  ['kx.listen', ({ kx }) => kx.listen],
  ['kx.lab_tls_keylog', ({ kx }) => kx.lab_tls_keylog],
  ['supply (or none)', ({ supply }) => supply === undefined],
  ['supply.listen', ({ supply }) => supply?.listen],
];

/** What it looks up each time. */
const LIVE: readonly Part[] = [
  ['log.level', ({ log }) => log.level],
  ['kx.certificate', ({ kx }) => kx.certificate],
  ['kx.private_key', ({ kx }) => kx.private_key],
  ['kx.ca', ({ kx }) => kx.ca],
  ['kx.crl', ({ kx }) => kx.crl],
  ['kx.routes', ({ kx }) => kx.routes],
  ['supply.certificate', ({ supply }) => supply?.certificate],
  ['supply.private_key', ({ supply }) => supply?.private_key],
  ['supply.client_ca', ({ supply }) => supply?.client_ca],
  ['supply.applications', ({ supply }) => supply?.applications],
  ['supply.sessions', ({ supply }) => supply?.sessions],
  ['supply.default_key_bits', ({ supply }) => supply?.default_key_bits],
  ['supply.max_key_bits', ({ supply }) => supply?.max_key_bits],
  ['supply.max_keys_per_request', ({ supply }) => supply?.max_keys_per_request],
  ['pools', ({ pools }) => pools],
];

/** What cannot change while the agent runs, and what can, as the configuration names it. */
export const fixedParts: readonly string[] = FIXED.map(([name]) => name);
export const changeableParts: readonly string[] = [...LIVE.map(([name]) => name), 'kx.peers', 'links'];

/**
 * What has to be done for `after` to take the place of `before`.
 * @throws AgentError `configuration.needs_restart` when a part has changed that cannot while the agent runs
 */
export function changesOf(before: Config, after: Config): Changes {
  const changed = ([, of]: Part) => !isDeepStrictEqual(of(before), of(after));
  const fixed = FIXED.filter(changed).map(([name]) => name);
  if (fixed.length > 0) throw needsRestart(fixed);
  const peers = differing(before.kx.peers, after.kx.peers, ({ kma_id }) => kma_id);
  const own = differing(before.links, after.links, ({ peer }) => peer);
  const linked = new Set([...before.links, ...after.links].map(({ peer }) => peer));
  const named = [
    ...peers.map((kmaId) => `kx.peers ${kmaId}`),
    ...own.map((kmaId) => `links ${kmaId}`),
    ...LIVE.filter(changed).map(([name]) => name),
  ];
  // A link stands on its peer.
  const links = new Set([...own, ...peers.filter((kmaId) => linked.has(kmaId))]);
  return { peers, links: [...links], named };
}

function differing<Entry>(
  before: readonly Entry[],
  after: readonly Entry[],
  nameOf: (entry: Entry) => string,
): string[] {
  const old = new Map(before.map((entry) => [nameOf(entry), entry]));
  const fresh = new Map(after.map((entry) => [nameOf(entry), entry]));
  return [...new Set([...old.keys(), ...fresh.keys()])].filter(
    (name) => !isDeepStrictEqual(old.get(name), fresh.get(name)),
  );
}

function needsRestart(names: readonly string[]): AgentError {
  const [these, they] = names.length === 1 ? ['has', 'it'] : ['have', 'they'];
  return new AgentError(
    'configuration.needs_restart',
    `nothing was reloaded: ${names.join(', ')} ${these} changed, which ${they} cannot while the agent runs`,
    {
      fault: 'configuration',
      remedy: 'Restart the agent, or put back what was there and reload again: the agent goes on as it was.',
    },
  );
}
