import { auditDirectory } from './audit-rules.ts';
import { type Config, type PortConfig, poolDefaults } from './schema.ts';

/** What a node with this configuration does, a line each, for a person. @param ports what kind of port each driver needs */
export function summarise(config: Config, ports: Readonly<Record<string, string>>): string[] {
  return [
    `node ${config.kma_id}: key store in ${config.data_directory}, sealed under ${nodeKeyText(config)}`,
    `control: ${config.control.socket}`,
    ...guardLines(config),
    auditLine(config),
    ...kxLines(config),
    ...config.links.map((link) => linkLine(link, ports[link.driver] === 'serial')),
    ...routeLines(config),
    ...supplyLines(config),
    ...notes(config).map((note) => `note: ${note}`),
    ...warnings(config).map((warning) => `WARNING: ${warning}`),
  ];
}

function guardLines({ rollback_guard, tamper }: Config): string[] {
  const guard =
    rollback_guard === undefined
      ? []
      : [`rollback guard: ${rollback_guard.file}, asked at each change of the store`];
  const zeroize =
    tamper === undefined
      ? []
      : [`tamper switch: the node is zeroized when ${tamper.file} says ${tamper.value}`];
  return [...guard, ...zeroize];
}

function nodeKeyText({ node_key }: Config): string {
  if ('file' in node_key) return `the key in ${node_key.file}`;
  if ('passphrase_file' in node_key) return `the passphrase in ${node_key.passphrase_file}`;
  return `the systemd credential ${node_key.credential}`;
}

function auditLine(config: Config): string {
  const { max_bytes, when_full, syslog } = config.audit;
  const tls = syslog?.unencrypted === true ? 'without TLS' : 'over TLS';
  const shipped = syslog === undefined ? '' : `; shipped to ${syslog.address} ${tls}`;
  const full = when_full === 'refuse' ? '; no key is supplied while it cannot be written' : '';
  return `audit trail: in ${auditDirectory(config)}, at most ${max_bytes} bytes${full}${shipped}`;
}

function kxLines({ kx }: Config): string[] {
  const listens = kx.listen === undefined ? [] : [`kx: listens on ${kx.listen}`];
  const peers = kx.peers.map(({ kma_id, address, protocol, unprotected_key }) => {
    const key = unprotected_key ? 'key protected by TLS alone' : 'no key';
    const plain = protocol === 'plain' ? `, plain Q.4163, ${key}` : '';
    return address === undefined
      ? `kx: waits for ${kma_id}${plain}`
      : `kx: dials ${kma_id} at ${address}${plain}`;
  });
  return [...listens, ...peers];
}

function linkLine(link: Config['links'][number], isSerial: boolean): string {
  const { peer, driver, port, baud_rate, link_id, module_key, qber_max } = link;
  const name = link_id === undefined ? '' : ` ${link_id}`;
  const proof =
    module_key === undefined ? 'any module is believed' : `the module proves itself with ${module_key}`;
  const gate = qber_max === undefined ? '' : `; blocks with a QBER above ${qber_max} are refused`;
  return `link${name}: to ${peer} by ${driver} on ${portText(port)}${isSerial ? ` at ${baud_rate} bit/s` : ''}; ${proof}${gate}`;
}

function portText(port: PortConfig): string {
  if ('folder' in port) return `the folder ${port.folder.path}, files of format ${port.folder.format}`;
  if ('program' in port) return `the program ${port.program.join(' ')}`;
  if ('path' in port) return port.path;
  return `USB ${port.usb.vendor}:${port.usb.product} ${port.usb.serial ?? ''}`.trim();
}

function routeLines({ kx, pools }: Config): string[] {
  return kx.routes.map(({ destination, via }) => {
    const pool = pools.find((candidate) => candidate.kma_id === destination);
    const low = pool?.low_water_keys ?? poolDefaults.low_water_keys;
    const water = `${low} to ${pool?.high_water_keys ?? poolDefaults.high_water_keys}`;
    return `route: to ${destination} via ${via.join(', ')}; its pool is kept at ${water} KMA-keys`;
  });
}

function supplyLines({ kma_id, supply }: Config): string[] {
  if (supply === undefined) return ['supply: none, this node only relays'];
  const sizes = `${supply.default_key_bits} bits a key, at most ${supply.max_key_bits}`;
  return [
    `supply: serves ${supply.listen}; ${sizes}, ${supply.max_keys_per_request} keys a request`,
    ...supply.applications.map((application) => {
      const far = application.kma_id !== undefined && application.kma_id !== kma_id;
      const pushed = application.push ? ', where keys taken for it are pushed to it' : '';
      return `application ${application.sae_id}: ${far ? `served by ${application.kma_id}${pushed}` : 'served here'}`;
    }),
    ...supply.sessions.map(
      ({ id, source_sae_id, destination_sae_id }) =>
        `session ${id}: keys that ${source_sae_id} asks for are pushed to ${destination_sae_id}`,
    ),
  ];
}

/** What gives protection away. `keyferry check`, the status and the log of a running agent all say it. */
export function warnings({ kx }: Config): string[] {
  if (kx.lab_tls_keylog === undefined) return [];
  return [
    `the TLS secrets of all Kx connections are written to ${kx.lab_tls_keylog}: take kx.lab_tls_keylog out unless this is a laboratory`,
  ];
}

/** What is allowed but seldom meant. */
function notes({ kma_id, kx, links, supply }: Config): string[] {
  const plain = kx.peers.filter((peer) => peer.protocol === 'plain').map((peer) => peer.kma_id);
  const linked = new Set([...links.map((link) => link.peer), ...plain]);
  const found: string[] = [];
  for (const { destination, via } of kx.routes)
    if (via[0] !== undefined && !linked.has(via[0]))
      found.push(
        `no QKD link leads to ${via[0]}: relays to ${destination} can use only what key is left from before`,
      );
  const here = supply?.applications.some((one) => one.kma_id === undefined || one.kma_id === kma_id);
  if (supply !== undefined && here !== true)
    found.push('no application is served here: every request will be refused');
  return found;
}
