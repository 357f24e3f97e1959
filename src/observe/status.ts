import type { ModuleAlarm, ModuleInfo, Telemetry } from '../../drivers/driver.ts';

export type PeerStatus = {
  readonly kma_id: string;
  readonly state: 'up' | 'down';
  readonly address: string | null;
  /** TLS version and cipher suite; what protects relayed key beyond it. */
  readonly transport: string | null;
  readonly protection: 'one-time pad' | 'TLS only, key included' | 'TLS only, no key' | null;
  readonly connects: number;
  readonly messages_in: number;
  readonly messages_out: number;
  readonly last_down: string | null;
};

export type LinkStatus = {
  readonly peer: string;
  /** The ID that the configuration gives the link; null where it gives none. The module's own is in `module`. */
  readonly link_id: string | null;
  readonly driver: string;
  readonly state: 'open' | 'lost';
  readonly module: ModuleInfo | null;
  /** Whether the module has to prove itself with a module key. */
  readonly proved: boolean;
  /** Quantum bit error rate, a fraction. */
  readonly qber: number | null;
  /** Secret key rate, bit/s. */
  readonly skr: number | null;
  /** All that the module measures. */
  readonly telemetry: Telemetry;
  readonly alarms: readonly ModuleAlarm[];
  /** Blocks are kept out of use since an alarm made them suspect. */
  readonly held: { readonly reason: string; readonly blocks: number } | null;
  readonly last_lost: string | null;
  readonly blocks_stored: number;
  readonly bytes_stored: number;
  /** Bytes at the ends of blocks that made no whole KMA-key. */
  readonly remainder_bytes: number;
  readonly blocks_again: number;
  readonly blocks_refused: number;
  /** The same by reason. */
  readonly refusals: Readonly<Record<string, number>>;
  /** Given up because their direction of the pool was full. */
  readonly blocks_surplus: number;
  readonly blocks_synchronised: number;
  readonly blocks_quarantined: number;
};

export type PoolStatus = {
  readonly kma_id: string;
  readonly kind: 'link' | 'relay';
  /** KMA-keys (256 bits) that this node can allocate now. */
  readonly own_keys: number;
  readonly own_blocks: number;
  readonly their_blocks: number;
  /** KMA-keys held in all blocks, used ones among them. */
  readonly held_keys: number;
  /** Keys that a plain KMA has relayed here and no application has fetched. */
  readonly foreign_keys: number;
  readonly low_water_keys: number | null;
  readonly high_water_keys: number | null;
};

export type RelayStatus = {
  readonly source: {
    readonly requests: number;
    readonly succeeded: number;
    readonly failed: number;
    readonly keys: number;
    readonly in_flight: number;
    readonly last_milliseconds: number;
    readonly last_failure: string | null;
  };
  readonly transit: {
    readonly forwarded: number;
    readonly refused: number;
    readonly completed: number;
    readonly in_flight: number;
  };
  readonly destination: { readonly blocks: number; readonly keys: number; readonly refused: number };
};

/** Key supply notifications (Q.4163 §7.2): as their source, in transit, and as their destination. */
export type NotificationStatus = {
  readonly sent: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly in_flight: number;
  readonly last_failure: string | null;
  readonly forwarded: number;
  readonly supplied: number;
  readonly refused: number;
};

export type SupplyState = {
  readonly taken: number;
  readonly opened: number;
  /** Requests that got no key, in all and by the code that the application was told. */
  readonly refused: number;
  readonly refusals: Readonly<Record<string, number>>;
  /** Those that got what they asked for, by that (`status`, `enc_keys`, `dec_keys`, `pushed_keys`), and how long all of them together waited. */
  readonly answers: Readonly<Record<string, { readonly count: number; readonly milliseconds: number }>>;
  /** When the certificate ends that applications see. */
  readonly certificate_expires: string | null;
  /** Keys that were written to an application's stream, and such as were burnt for it and lost when it broke. */
  readonly pushed: number;
  readonly lost: number;
  /** Streams that applications hold open. */
  readonly streams: number;
};

/** Memory for secrets, in bytes; all but `used_bytes` stays when secrets go. */
export type MemoryStatus = {
  readonly used_bytes: number;
  readonly guarded_bytes: number;
  /** Guarded, but not locked into memory. */
  readonly unlocked_bytes: number;
  /** In use, and not guarded. */
  readonly unguarded_bytes: number;
  /** Whether a core dump of this process would hold its memory; the guarded part it never holds. */
  readonly in_core_dumps: boolean;
};

/** The audit trail. */
export type AuditStatus = {
  /** Its newest line. */
  readonly seq: number;
  readonly bytes: number;
  /** Events since start that are not on record. */
  readonly lost: number;
  /** Why the disk takes nothing; null while it does. */
  readonly failure: string | null;
  /** The newest line that the collector has acknowledged; null where none is configured. */
  readonly shipped_seq: number | null;
};

/** What `keyferry status --json` prints: no key, nothing computed from key. */
export type Status = {
  readonly kma_id: string;
  readonly version: string;
  readonly pid: number;
  readonly uptime_seconds: number;
  readonly kx_port: number | null;
  readonly supply_port: number | null;
  /** When this node's own Kx certificate ends, ISO 8601. */
  readonly kx_certificate_expires: string;
  /** By when the first of the revocation lists has to be renewed; null where none is looked at. */
  readonly kx_crl_next_update: string | null;
  readonly peers: readonly PeerStatus[];
  readonly links: readonly LinkStatus[];
  readonly pools: readonly PoolStatus[];
  readonly relay: RelayStatus;
  readonly notifications: NotificationStatus;
  readonly supply: SupplyState | null;
  /** `write_failed`: why the newest write failed; null when it did not. */
  readonly store: { readonly commits: number; readonly write_failed: string | null };
  readonly audit: AuditStatus;
  readonly memory: MemoryStatus;
  /** What of the configuration gives protection away, or of the machine, and what is wrong with it. */
  readonly warnings: readonly string[];
};
