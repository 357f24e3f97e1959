/** A run of KMA-keys of one block: its number, the first and the last index. */
export type AuditUnits = readonly [block: number, from: number, to: number];

export type AuditOutcome = 'done' | 'refused' | 'failed';

/**
 * Something an auditor has to know of. Never key bytes, nor anything computed from them: each member is an identifier, a number or a
 * reason in words. docs/audit.md says what stands in which event.
 */
export type AuditEvent = {
  /** Stable dotted name; the same as in the log where both have it. */
  readonly what: string;
  /** Who had it done: `sae:ID`, `kma:ID`, `module:PEER` (the module of the link to that peer), `operator` or `agent`. */
  readonly who: string;
  readonly outcome: AuditOutcome;
  /** The KMA with which the key is shared, or to which it goes. */
  readonly peer?: string | undefined;
  /** The other application. */
  readonly with?: string | undefined;
  /** Whether this node allocates from the block, or its peer does. */
  readonly own?: boolean | undefined;
  readonly block?: number | undefined;
  readonly units?: readonly AuditUnits[] | undefined;
  readonly key_ids?: readonly string[] | undefined;
  readonly request_id?: string | undefined;
  readonly bits?: number | undefined;
  /** Keys that it was about. */
  readonly keys?: number | undefined;
  /** How often it happened, where several are on record as one. */
  readonly count?: number | undefined;
  readonly state?: string | undefined;
  readonly code?: string | undefined;
  readonly reason?: string | undefined;
  /** What else there is to say. */
  readonly facts?: Readonly<Record<string, string | number | boolean | null | undefined>> | undefined;
};

/** The audit trail, as the parts see it that have something to tell. */
export interface Audit {
  /** Puts an event on record. Never throws, never waits. */
  record(event: AuditEvent): void;
  /** The same for what somebody outside can cause as often as they like: repetitions go on record together, their `count` and `keys` summed. */
  sum(event: AuditEvent): void;
  /** The trail takes nothing more, and the configuration wants no key supplied without it. */
  readonly refusing: boolean;
}

/** For whoever has no trail, such as a part in a test. */
export const noAudit: Audit = { record: () => {}, sum: () => {}, refusing: false };
