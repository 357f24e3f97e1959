/**
 * The life of a block of KMA-keys, as one table. `received`: durable, the peer's proof outstanding. `ready`: both ends have proved to hold
 * the same bits. The other four are ends, and blocks in them have no key any more: `used` up; `destroyed` by rule or by command;
 * `quarantined`, because the two ends differ or the disk has damaged it; `expired`, because it was never agreed on.
 */
export type BlockState = 'received' | 'ready' | EndState;
export type EndState = 'used' | 'destroyed' | 'quarantined' | 'expired';

/** What happens to a block. The names are kept with the block when it ends, and shown to people. */
export type BlockEvent = 'agreed' | EndReason;
export type EndReason =
  /** All its key was handed out, or what is left is too little for any use. */
  | 'used_up'
  /** It has had its time. */
  | 'outdated'
  /** Its owner takes no more from it, and the rest was not fetched in time. */
  | 'unfetched'
  /** It made room for newer key. */
  | 'evicted'
  /** An operator said so. */
  | 'ordered'
  /** An alarm of the module has made it suspect, and the rule is that such key goes. */
  | 'suspect'
  /** The other end has lost what was shared. */
  | 'forgotten'
  /** The other end did not answer for it in time. */
  | 'unanswered'
  /** The other end holds other bits, or none. */
  | 'differed'
  /** Its record on disk does not open. */
  | 'damaged';

const always = {
  evicted: 'destroyed',
  ordered: 'destroyed',
  suspect: 'destroyed',
  forgotten: 'destroyed',
  damaged: 'quarantined',
  differed: 'quarantined',
} as const;

const table: Readonly<Record<'received' | 'ready', Partial<Record<BlockEvent, BlockState>>>> = {
  received: { ...always, agreed: 'ready', unanswered: 'expired' },
  // Agreed on anew: the other end has lost the answer, or the block begins another epoch.
  ready: { ...always, agreed: 'ready', used_up: 'used', outdated: 'destroyed', unfetched: 'destroyed' },
};

/** Whether a block in this state has key. */
export function isLive(state: BlockState): state is 'received' | 'ready' {
  return state === 'received' || state === 'ready';
}

/** The state after `event`; undefined where that cannot happen in `state`. What has ended stays as it is. */
export function nextState(state: BlockState, event: BlockEvent): BlockState | undefined {
  return isLive(state) ? table[state][event] : undefined;
}

/** The end to which `reason` leads from `state`; undefined where it leads to none. */
export function endOf(state: BlockState, reason: EndReason): EndState | undefined {
  const next = nextState(state, reason);
  return next === undefined || isLive(next) ? undefined : next;
}
