import { Counter, Gauge, Registry } from 'prom-client';
import type { Status } from './status.ts';

type Row = readonly [labels: Record<string, string>, value: number];
type Reader = (status: Status) => readonly Row[];

/** Every metric, without `keyferry_` before its name. */
export const metricTable: readonly (readonly [
  name: string,
  help: string,
  labels: readonly string[],
  read: Reader,
])[] = [
  ['uptime_seconds', 'Seconds since the agent started', [], (s) => [[{}, s.uptime_seconds]]],
  [
    'peer_up',
    'Whether the Kx peer is connected',
    ['peer'],
    (s) => s.peers.map((p) => [{ peer: p.kma_id }, p.state === 'up' ? 1 : 0]),
  ],
  [
    'kx_certificate_expires_seconds',
    "When this node's Kx certificate ends, seconds since 1970",
    [],
    (s) => [[{}, Date.parse(s.kx_certificate_expires) / 1000]],
  ],
  [
    'kx_crl_next_update_seconds',
    'By when the Kx revocation list has to be renewed, seconds since 1970',
    [],
    (s) => (s.kx_crl_next_update === null ? [] : [[{}, Date.parse(s.kx_crl_next_update) / 1000]]),
  ],
  [
    'module_open',
    'Whether the QKD module of the link answers',
    ['peer'],
    (s) => s.links.map((l) => [{ peer: l.peer }, l.state === 'open' ? 1 : 0]),
  ],
  [
    'qber_ratio',
    'Quantum bit error rate, 0 to 0.5',
    ['peer'],
    (s) => s.links.flatMap((l) => (l.qber === null ? [] : [[{ peer: l.peer }, l.qber] as const])),
  ],
  [
    'secret_key_rate_bits',
    'Secret key rate as the module says, bit/s',
    ['peer'],
    (s) => s.links.flatMap((l) => (l.skr === null ? [] : [[{ peer: l.peer }, l.skr] as const])),
  ],
  [
    'module_alarms',
    'Active alarms of the module',
    ['peer'],
    (s) => s.links.map((l) => [{ peer: l.peer }, l.alarms.length]),
  ],
  [
    'blocks_held',
    'Blocks out of use since an alarm made them suspect',
    ['peer'],
    (s) => s.links.map((l) => [{ peer: l.peer }, l.held?.blocks ?? 0]),
  ],
  [
    'blocks_total',
    'Raw key blocks since start, by what became of them',
    ['peer', 'result'],
    (s) => s.links.flatMap(blockRows),
  ],
  [
    'pool_keys',
    'KMA-keys of 256 bits that this node can allocate',
    ['remote', 'kind'],
    (s) => s.pools.map((p) => [{ remote: p.kma_id, kind: p.kind }, p.own_keys]),
  ],
  [
    'foreign_keys',
    'Keys that plain KMAs have relayed here and no application has fetched',
    ['remote'],
    (s) => s.pools.map((p) => [{ remote: p.kma_id }, p.foreign_keys]),
  ],
  ['relays_total', 'Key relays since start, by role and result', ['role', 'result'], relayRows],
  [
    'relay_last_seconds',
    'Time that the last key relay took',
    [],
    (s) => [[{}, s.relay.source.last_milliseconds / 1000]],
  ],
  [
    'supplied_keys_total',
    'KSA-keys supplied since start: taken fresh, and opened by ID for dec_keys and pushes',
    ['by'],
    (s) =>
      s.supply === null
        ? []
        : [
            [{ by: 'enc_keys' }, s.supply.taken],
            [{ by: 'dec_keys' }, s.supply.opened],
          ],
  ],
  [
    'pushed_keys_total',
    'KSA-keys burnt for streams of applications since start, by whether the socket took them',
    ['result'],
    (s) =>
      s.supply === null
        ? []
        : [
            [{ result: 'taken' }, s.supply.pushed],
            [{ result: 'lost' }, s.supply.lost],
          ],
  ],
  [
    'push_streams',
    'Streams that applications hold open',
    [],
    (s) => (s.supply === null ? [] : [[{}, s.supply.streams]]),
  ],
  [
    'supply_refused_total',
    'Requests of applications that got no key since start, by the code that they were told',
    ['code'],
    (s) => Object.entries(s.supply?.refusals ?? {}).map(([code, count]) => [{ code }, count]),
  ],
  [
    'supply_answers_total',
    'Requests of applications that got what they asked for since start, by what that was',
    ['operation'],
    (s) => Object.entries(s.supply?.answers ?? {}).map(([operation, { count }]) => [{ operation }, count]),
  ],
  [
    'supply_answer_seconds_total',
    'Seconds since start that applications waited for those answers, all together',
    ['operation'],
    (s) =>
      Object.entries(s.supply?.answers ?? {}).map(([operation, { milliseconds }]) => [
        { operation },
        milliseconds / 1000,
      ]),
  ],
  [
    'supply_certificate_expires_seconds',
    'When the certificate ends that applications see, seconds since 1970',
    [],
    (s) =>
      s.supply?.certificate_expires == null ? [] : [[{}, Date.parse(s.supply.certificate_expires) / 1000]],
  ],
  [
    'supply_notifications_total',
    'Key supply notifications since start, by role and result',
    ['role', 'result'],
    notificationRows,
  ],
  ['audit_lines', 'Lines of the audit trail since its beginning', [], (s) => [[{}, s.audit.seq]]],
  ['audit_bytes', 'What the audit trail takes up', [], (s) => [[{}, s.audit.bytes]]],
  ['audit_lost_events_total', 'Events since start that are not on record', [], (s) => [[{}, s.audit.lost]]],
  ['audit_failing', 'Whether the disk takes no records', [], (s) => [[{}, s.audit.failure === null ? 0 : 1]]],
  [
    'audit_shipped_lines',
    'Lines of the audit trail that the collector has acknowledged',
    [],
    (s) => (s.audit.shipped_seq === null ? [] : [[{}, s.audit.shipped_seq]]),
  ],
  [
    'store_failing',
    'Whether the newest write to the key store failed',
    [],
    (s) => [[{}, s.store.write_failed === null ? 0 : 1]],
  ],
  ['store_commits_total', 'Durable commits of the key store since start', [], (s) => [[{}, s.store.commits]]],
];

/** The status as Prometheus metrics (prom-client: the standard exposition), read from the agent when asked. What counts since the start ends in `_total`. */
export function createMetrics(status: () => Status): () => Promise<string> {
  const registry = new Registry();
  const metrics = metricTable.map(([name, help, labelNames, read]) => {
    const options = { name: `keyferry_${name}`, help, labelNames: [...labelNames], registers: [registry] };
    if (!name.endsWith('_total')) {
      const gauge = new Gauge(options);
      return { metric: gauge, read, put: gauge.set.bind(gauge), labelled: labelNames.length > 0 };
    }
    const counter = new Counter(options);
    return { metric: counter, read, put: counter.inc.bind(counter), labelled: labelNames.length > 0 };
  });
  return () => {
    const now = status();
    for (const { metric, read, put, labelled } of metrics) {
      metric.reset();
      const rows = read(now);
      for (const [labels, value] of rows) put(labels, value);
      // One without labels would stand at 0 where there is nothing to say.
      if (rows.length === 0 && !labelled) metric.remove();
    }
    return registry.metrics();
  };
}

function blockRows(link: Status['links'][number]): Row[] {
  const { peer } = link;
  return [
    [{ peer, result: 'stored' }, link.blocks_stored],
    [{ peer, result: 'again' }, link.blocks_again],
    [{ peer, result: 'refused' }, link.blocks_refused],
    [{ peer, result: 'surplus' }, link.blocks_surplus],
    [{ peer, result: 'synchronised' }, link.blocks_synchronised],
    [{ peer, result: 'quarantined' }, link.blocks_quarantined],
  ];
}

function relayRows({ relay: { source, transit, destination } }: Status): Row[] {
  return [
    [{ role: 'source', result: 'succeeded' }, source.succeeded],
    [{ role: 'source', result: 'failed' }, source.failed],
    [{ role: 'transit', result: 'forwarded' }, transit.forwarded],
    [{ role: 'transit', result: 'refused' }, transit.refused],
    [{ role: 'destination', result: 'stored' }, destination.blocks],
    [{ role: 'destination', result: 'refused' }, destination.refused],
  ];
}

function notificationRows({ notifications: n }: Status): Row[] {
  return [
    [{ role: 'source', result: 'succeeded' }, n.succeeded],
    [{ role: 'source', result: 'failed' }, n.failed],
    [{ role: 'transit', result: 'forwarded' }, n.forwarded],
    [{ role: 'destination', result: 'supplied' }, n.supplied],
    [{ role: 'any', result: 'refused' }, n.refused],
  ];
}
