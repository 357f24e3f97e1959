import type { Command } from 'commander';
import type { Status } from '../observe/status.ts';
import { callAgent } from './control-client.ts';
import { type SocketOptions, socketOf, socketOption } from './socket-option.ts';
import { table } from './table.ts';

/** `keyferry status`: what a running agent is doing. */
export function register(program: Command): void {
  const command = program
    .command('status')
    .summary('show what a running agent is doing')
    .description('Shows the peers, QKD links, pools, relays and supply of a running agent. Never shows key.')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExit code: 0 answered, 1 no agent answers.');
  socketOption(command).action(async (options: SocketOptions & { json?: boolean }) => {
    const status = await callAgent<Status>(await socketOf(options), 'GET', '/v1/status');
    process.stdout.write(`${options.json === true ? JSON.stringify(status, null, 2) : statusText(status)}\n`);
  });
}

export function statusText(status: Status): string {
  const { source, transit, destination } = status.relay;
  const lines = [
    `KMA ${status.kma_id}   keyferry ${status.version}   pid ${status.pid}   up ${status.uptime_seconds} s`,
    `Kx certificate until ${status.kx_certificate_expires}${status.kx_crl_next_update === null ? '' : `, revocation list to be renewed by ${status.kx_crl_next_update}`}`,
    ...status.warnings.map((warning) => `WARNING: ${warning}`),
    '',
    'Kx peers',
    table(
      ['KMA', 'state', 'address', 'transport', 'key protected by', 'in', 'out', 'last fault'],
      status.peers.map((p) => [
        p.kma_id,
        p.state,
        p.address,
        p.transport,
        p.protection,
        p.messages_in,
        p.messages_out,
        p.last_down,
      ]),
    ),
    '',
    'QKD links',
    table(
      [
        'peer',
        'module',
        'state',
        'QBER',
        'bit/s',
        'blocks',
        'in step',
        'quarantined',
        'refused',
        'held',
        'alarms',
      ],
      status.links.map((l) => [
        l.peer,
        l.module === null ? null : `${l.module.moduleId}${l.proved ? '' : ' (unproved)'}`,
        l.state === 'open' ? 'open' : `lost: ${l.last_lost ?? 'not yet open'}`,
        l.qber === null ? null : `${(l.qber * 100).toFixed(2)} %`,
        l.skr === null ? null : Math.round(l.skr),
        l.blocks_stored,
        l.blocks_synchronised,
        l.blocks_quarantined,
        l.blocks_refused,
        l.held === null ? null : `${l.held.blocks}: ${l.held.reason}`,
        l.alarms.map((alarm) => alarm.code).join(' '),
      ]),
    ),
    '',
    'Pools (KMA-keys of 256 bits)',
    table(
      ['with KMA', 'kind', 'ours to use', 'held', 'of a plain KMA', 'low', 'high'],
      status.pools.map((p) => [
        p.kma_id,
        p.kind,
        p.own_keys,
        p.held_keys,
        p.foreign_keys === 0 ? null : p.foreign_keys,
        p.low_water_keys,
        p.high_water_keys,
      ]),
    ),
    '',
    `Relays   sent ${source.succeeded} of ${source.requests} (${source.keys} keys, last ${source.last_milliseconds} ms` +
      `${source.last_failure === null ? '' : `, last failure: ${source.last_failure}`})   passed on ${transit.forwarded}   received ${destination.blocks}`,
    status.supply === null
      ? 'Supply   not configured'
      : `Supply   ${status.supply.taken} keys by enc_keys, ${status.supply.opened} by dec_keys and by push, ${status.supply.refused} requests refused`,
    ...pushLines(status),
  ];
  return lines.join('\n');
}

function pushLines({ notifications: n, supply }: Status): string[] {
  const streams =
    supply === null
      ? ''
      : `   streams open ${supply.streams}   keys pushed ${supply.pushed}, lost ${supply.lost}`;
  return [
    `Notices  sent ${n.succeeded} of ${n.sent}${n.last_failure === null ? '' : ` (last failure: ${n.last_failure})`}` +
      `   passed on ${n.forwarded}   received ${n.supplied}${streams}`,
  ];
}
