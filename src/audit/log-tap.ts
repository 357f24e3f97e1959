import type { Audit, AuditEvent, AuditOutcome } from '../env/audit.ts';
import type { Log, LogFields } from '../env/log.ts';

type Origin = (fields: LogFields) => string;

/** How an event of the log goes on record. What is not named here stays out of the trail. */
type Told = {
  readonly who: Origin;
  readonly outcome: AuditOutcome;
  /** Fields that become members of the record: name in the log, name in the record. */
  readonly members?: Readonly<Record<string, keyof AuditEvent>>;
  readonly facts?: readonly string[];
  /** Somebody outside can cause it as often as they like. */
  readonly often?: true;
};

const agent: Origin = () => 'agent';
const stranger: Origin = () => 'stranger';
const module: Origin = ({ link }) => `module:${link}`;
const peer: Origin = (fields) => `kma:${fields['peer']}`;
const application: Origin = ({ sae_id }) => `sae:${sae_id}`;
const reason = { reason: 'reason' } as const;

const told: Readonly<Record<string, Told>> = {
  'agent.reloaded': {
    who: agent,
    outcome: 'done',
    facts: ['certificate_expires', 'crl_next_update', 'connections_ended', 'changed', 'config_sha256'],
  },
  'module.open': {
    who: module,
    outcome: 'done',
    facts: ['moduleId', 'linkId', 'role', 'firmwareVersion'],
    often: true,
  },
  'module.lost': { who: module, outcome: 'failed', members: reason, often: true },
  'module.alarm': {
    who: module,
    outcome: 'done',
    members: { code: 'code', text: 'reason' },
    facts: ['active'],
    often: true,
  },
  'agent.zeroized': {
    who: agent,
    outcome: 'done',
    members: { why: 'reason', keys: 'keys', outcome: 'outcome' },
    facts: ['failures'],
  },
  'agent.node_key.rotated': { who: agent, outcome: 'done', facts: ['records', 'milliseconds'] },
  'module.zeroized': { who: module, outcome: 'done', facts: ['blocks'] },
  'kma.hold.begins': { who: module, outcome: 'done', members: reason, facts: ['blocks'] },
  'kma.hold.destroyed': { who: module, outcome: 'done', members: {}, facts: ['blocks'] },
  'kma.hold.released': { who: module, outcome: 'done', members: { why: 'reason' }, facts: ['blocks'] },
  'kma.block.refused': {
    who: module,
    outcome: 'refused',
    members: { number: 'block', code: 'code', reason: 'reason' },
    often: true,
  },
  'kma.block.outdated': {
    who: agent,
    outcome: 'done',
    members: { pool: 'peer', number: 'block', own: 'own', state: 'state', keys: 'keys' },
  },
  'kma.foreign_keys.outdated': { who: agent, outcome: 'done', members: { keys: 'keys' } },
  'kma.peer.new_store': { who: peer, outcome: 'done', members: { peer: 'peer' } },
  'kx.peer.up': { who: peer, outcome: 'done', facts: ['address', 'cipher'], often: true },
  'kx.peer.down': { who: peer, outcome: 'failed', members: reason, often: true },
  'kx.peer.unknown': { who: peer, outcome: 'refused', facts: ['address'], often: true },
  'kx.message.not_authentic': { who: peer, outcome: 'refused', members: reason, often: true },
  'kx.message.unprotected': { who: peer, outcome: 'refused', members: reason, often: true },
  'kx.connection.refused': {
    who: stranger,
    outcome: 'refused',
    members: { reason: 'reason', count: 'count' },
    facts: ['address'],
    often: true,
  },
  'supply.handshake_refused': {
    who: stranger,
    outcome: 'refused',
    members: { reason: 'reason', count: 'count' },
    facts: ['address'],
    often: true,
  },
  'supply.answer_lost': { who: application, outcome: 'failed', members: { keys: 'keys' }, often: true },
  'supply.push_lost': { who: application, outcome: 'failed', members: { keys: 'keys' }, often: true },
  'store.block_damaged': { who: agent, outcome: 'failed', members: reason, facts: ['block'], often: true },
};

/** The events of the log that go on record. */
export const toldEvents: readonly string[] = Object.keys(told);

/** The same log, of which some events go on record as well, whatever level is written. */
export function withAudit(log: Log, audit: Audit, fields: LogFields = {}): Log {
  const tell = (event: string, own?: LogFields): void => {
    const how = told[event];
    if (how === undefined) return;
    const record = recordOf(event, how, { ...fields, ...own });
    if (how.often) audit.sum(record);
    else audit.record(record);
  };
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (event: string, own?: LogFields) => {
    log[level](event, own);
    tell(event, own);
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (more) => withAudit(log.with(more), audit, { ...fields, ...more }),
  };
}

function recordOf(what: string, { who, outcome, members = {}, facts }: Told, fields: LogFields): AuditEvent {
  const named = Object.fromEntries(Object.entries(members).map(([from, to]) => [to, fields[from]]));
  const other = facts && Object.fromEntries(facts.map((name) => [name, fields[name]]));
  return { what, who: who(fields), outcome, ...named, facts: other };
}
