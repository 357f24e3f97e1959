import { auditFaultCases } from './audit-fault-cases.ts';
import { at, type FaultCase } from './fault-case.ts';
import { moduleFaultCases } from './module-fault-cases.ts';
import { portFaultCases } from './port-fault-cases.ts';

/** A whole configuration without a fault, in lines that the cases replace one at a time. */
export const sound = `kma_id: A
data_directory: data
node_key:
  file: node.key
kx:
  listen: 127.0.0.1:4163
  certificate: kx.pem
  private_key: kx.key
  ca: kx-ca.pem
  peers:
    - kma_id: B
      address: 192.0.2.2:4163
    - kma_id: D
  routes:
    - destination: C
      via: [B]
links:
  - peer: B
    driver: bridge-serial
    port: { path: /dev/null }
    unauthenticated_module: true
supply:
  listen: 127.0.0.1:8443
  certificate: supply.pem
  private_key: supply.key
  client_ca: application-ca.pem
  applications:
    - sae_id: app-a
    - sae_id: app-c
      kma_id: C
  max_key_bits: 4096
pools:
  - kma_id: C
    low_water_keys: 10
`;

/** Each makes one fault of a sound configuration. */
export const faultCases: readonly FaultCase[] = [
  ...moduleFaultCases,
  ...auditFaultCases,
  at('yaml', 'kma_id: A', 'kma_id: [A', '', '2:1', 'YAML'),
  at('yaml', 'data_directory: data', 'kma_id: A', '', '2:1', 'YAML'),
  at(
    'unknown_key',
    'data_directory: data',
    'data_directory: data\ndataDir: x',
    'dataDir',
    '3:1',
    'data_directory?',
  ),
  at('unknown_key', 'pools:', 'peers: []\npools:', 'peers', '32:1', 'Did you mean kx.peers?'),
  at(
    'unknown_key',
    '    - kma_id: D',
    '    - kma_id: D\n      adress: x',
    'kx.peers[1].adress',
    '14:7',
    'address?',
  ),
  at(
    'unknown_key',
    '    driver',
    '    zzzzzz: 1\n    driver',
    'links[0].zzzzzz',
    '19:5',
    'peer, link_id, driver',
  ),
  at('missing', '  private_key: kx.key\n', '', 'kx.private_key', '5:1', 'private_key: kx.key'),
  at('missing', 'kma_id: A\n', '', 'kma_id', '1:1', 'kma_id: A'),
  at('type', '    - kma_id: D', '    - kma_id: 0403', 'kx.peers[1].kma_id', '13:15', '"0403"'),
  at('type', 'via: [B]', 'via: B', 'kx.routes[0].via', '16:12', '[B]'),
  at('type', '{ path: /dev/null }', '', 'links[0].port', '20:11', 'path, usb'),
  at(
    'type',
    '- kma_id: D',
    '- kma_id: D\n      unprotected_key: "yes"',
    'kx.peers[1].unprotected_key',
    '14:24',
    'unprotected_key: true',
  ),
  at('value', 'kma_id: A', 'kma_id: A b', 'kma_id', '1:9', 'kma_id: A'),
  at('value', 'kma_id: A', `kma_id: ${'a'.repeat(65)}`, 'kma_id', '1:9', 'kma_id: A'),
  at('value', 'file: node.key', 'credential: "a/b"', 'node_key.credential', '4:15', 'node-key'),
  at('value', '  file: node.key', '  file: a\n  credential: b', 'node_key', '3:1', 'exactly one'),
  at('value', '{ path: /dev/null }', '{}', 'links[0].port', '20:5', 'exactly one'),
  at(
    'value',
    '{ path: /dev/null }',
    '{ usb: { vendor: "04", product: "6001" } }',
    'links[0].port.usb.vendor',
    '20:28',
    '0403',
  ),
  at('value', '192.0.2.2:4163', '192.0.2.2', 'kx.peers[0].address', '12:16', '192.0.2.2:4163'),
  at('value', '192.0.2.2:4163', '192.0.2.2:0', 'kx.peers[0].address', '12:16', '192.0.2.2:4163'),
  at('value', '127.0.0.1:8443', '127.0.0.1:70000', 'supply.listen', '23:11', '0.0.0.0:8443'),
  at('value', 'max_key_bits: 4096', 'max_key_bits: 4097', 'supply.max_key_bits', '31:17', '4096'),
  at('value', 'max_key_bits: 4096', 'max_key_bits: 8200', 'supply.max_key_bits', '31:17', '4096'),
  at('value', 'via: [B]', 'via: []', 'kx.routes[0].via', '16:7', '[B]'),
  at('own_id', '- kma_id: D', '- kma_id: A', 'kx.peers[1].kma_id', '13:15', 'neighbour'),
  at('duplicate', '- kma_id: D', '- kma_id: B', 'kx.peers[1].kma_id', '13:15', 'Remove'),
  at('duplicate', 'sae_id: app-c', 'sae_id: app-a', 'supply.applications[1].sae_id', '29:15', 'Remove'),
  at('duplicate', 'via: [B]', 'via: [B, E, E]', 'kx.routes[0].via[2]', '16:19', 'Remove'),
  at(
    'duplicate',
    '{ path: /dev/null }',
    '{ path: /dev/null }\n    unauthenticated_module: true\n  - peer: D\n    driver: bridge-serial\n    port: { path: /dev/null }',
    'links[1].port',
    '24:5',
    'Remove',
  ),
  at('unknown_peer', 'via: [B]', 'via: [E]', 'kx.routes[0].via[0]', '16:13', 'add E to kx.peers'),
  at('unknown_peer', '- peer: B', '- peer: E', 'links[0].peer', '18:11', 'Add E to kx.peers'),
  at('unknown_driver', 'bridge-serial', 'bridge-serail', 'links[0].driver', '19:13', 'bridge-serial?'),
  ...portFaultCases,
  at('listen_missing', '  listen: 127.0.0.1:4163\n', '', 'kx.peers[1]', '12:7', 'kx.listen'),
  at(
    'needless_route',
    'via: [B]',
    'via: [B]\n    - { destination: B, via: [D] }',
    'kx.routes[1].destination',
    '17:22',
    'Remove the route',
  ),
  at('route_circle', 'via: [B]', 'via: [B, C]', 'kx.routes[0].via[1]', '16:16', 'between'),
  at('route_circle', 'via: [B]', 'via: [B, A]', 'kx.routes[0].via[1]', '16:16', 'between'),
  at(
    'unreachable',
    '      kma_id: C\n  max',
    '      kma_id: D\n  max',
    'supply.applications[1].kma_id',
    '30:15',
    'link with peer D',
  ),
  at(
    'pool_without_route',
    'pools:\n  - kma_id: C',
    'pools:\n  - kma_id: X',
    'pools[0].kma_id',
    '33:13',
    'route to X',
  ),
  at(
    'water_marks',
    'pools:\n  - kma_id: C',
    'pools:\n  - kma_id: B',
    'pools[0].low_water_keys',
    '34:21',
    'Remove low_water_keys',
  ),
  at(
    'plain_setting',
    '- kma_id: D',
    '- kma_id: D\n      unprotected_key: true',
    'kx.peers[1].unprotected_key',
    '14:24',
    'protocol: plain',
  ),
  at(
    'plain_setting',
    '- kma_id: D',
    '- kma_id: D\n      member_names: sourceKmaId',
    'kx.peers[1].member_names',
    '14:21',
    'Remove member_names',
  ),
  at(
    'plain_setting',
    'via: [B]',
    'via: [B]\n    - { destination: D, via: [B], protocol: plain }',
    'kx.routes[1].protocol',
    '17:45',
    'Say the same',
  ),
  at(
    'plain_setting',
    '      kma_id: C\n  max',
    '      kma_id: C\n      plain_kma_ids: [C]\n  max',
    'supply.applications[1].plain_kma_ids[0]',
    '31:23',
    'Remove',
  ),
  at(
    'not_plain',
    '- sae_id: app-a',
    '- sae_id: app-a\n      plain_kma_ids: [C]',
    'supply.applications[0].plain_kma_ids[0]',
    '29:23',
    'protocol: plain',
  ),
  at(
    'plain_link',
    'address: 192.0.2.2:4163',
    'address: 192.0.2.2:4163\n      protocol: plain\n      unprotected_key: true',
    'links[0].peer',
    '20:11',
    'Remove the link',
  ),
  at(
    'unprotected_key',
    '    - kma_id: D\n  routes:',
    '    - kma_id: D\n      protocol: plain\n  routes:\n    - { destination: E, via: [D] }',
    'kx.routes[0].via[0]',
    '16:31',
    'unprotected_key: true at the peer D',
  ),
  at(
    'water_marks',
    'low_water_keys: 10',
    'low_water_keys: 9000',
    'pools[0].low_water_keys',
    '34:21',
    'smaller',
  ),
  at(
    'water_marks',
    'low_water_keys: 10',
    'max_keys: 2000',
    'pools[0].max_keys',
    '34:15',
    'Lower high_water_keys',
  ),
  at(
    'key_size',
    'max_key_bits: 4096',
    'max_key_bits: 128\n  default_key_bits: 192',
    'supply.default_key_bits',
    '32:21',
    'Lower',
  ),
  at(
    'push_here',
    '- sae_id: app-a',
    '- sae_id: app-a\n      push: true',
    'supply.applications[0].push',
    '29:13',
    'Remove push',
  ),
  session('app-a', 'app-x', 'destination_sae_id', '31:65', 'Add app-x'),
  session('app-x', 'app-a', 'source_sae_id', '31:38', 'Add app-x'),
  session('app-a', 'app-a', 'destination_sae_id', '31:65', 'one of another'),
  session('app-a', 'app-c', 'destination_sae_id', '31:65', 'push'),
  session('app-c', 'app-a', 'source_sae_id', '31:38', 'push'),
  at(
    'duplicate',
    '      kma_id: C\n  max_key_bits: 4096',
    `      kma_id: B\n    - { sae_id: s, kma_id: B }\n  sessions:\n${['app-c', 's'].map((to) => `    - { id: s, source_sae_id: app-a, destination_sae_id: ${to} }\n`).join('')}`,
    'supply.sessions[1].id',
    '34:13',
    'Remove',
  ),
  at(
    'key_size',
    '      kma_id: C\n  max_key_bits: 4096',
    '      kma_id: B\n  max_key_bits: 128\n  default_key_bits: 128\n  sessions:\n    - { id: s, source_sae_id: app-a, destination_sae_id: app-c, size_of_key: 256 }',
    'supply.sessions[0].size_of_key',
    '34:78',
    'Lower size_of_key',
  ),
  at('address_clash', '127.0.0.1:8443', '0.0.0.0:4163', 'supply.listen', '23:11', 'another port'),
  at('address_clash', '127.0.0.1:8443', '"[::]:4163"', 'supply.listen', '23:11', 'another port'),
  at('address_clash', '127.0.0.1:4163', '0.0.0.0:8443', 'supply.listen', '23:11', 'another port'),
  at('dials_itself', '192.0.2.2:4163', '127.0.0.1:4163', 'kx.peers[0].address', '12:16', 'neighbour'),
  at(
    'socket_path',
    'pools:',
    `control: { socket: /${'s'.repeat(107)} }\npools:`,
    'control.socket',
    '32:20',
    'shorter',
  ),
  at(
    'same_ca',
    'client_ca: application-ca.pem',
    'client_ca: ./kx-ca.pem',
    'supply.client_ca',
    '26:14',
    'their own',
  ),
];

function session(source: string, destination: string, key: string, place: string, remedy: string): FaultCase {
  const by = `sessions: [{ id: s, source_sae_id: ${source}, destination_sae_id: ${destination} }]\n  max_key_bits: 4096`;
  return at('session', 'max_key_bits: 4096', by, `supply.sessions[0].${key}`, place, remedy);
}
