import type { FaultKind } from './plan.ts';

/** A bug that is planted on purpose: in `file`, the only `find` becomes `put`. */
export type Mutant = {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly put: string;
  /** What has to happen for it to do harm. */
  readonly faults: readonly FaultKind[];
};

// A bug's text is compiled by the mutant that runs it, and by nothing else: `any` and promises that nobody awaits are the bug.
const relayedUnawaited =
  'const copy = SecretBytes.copyOf(bytes.view()); void this.#insert(block, copy).catch(() => {}).finally(() => copy.wipe()); const kept: any = {};';
// Asked for once a try.
const rewound = `let tries = 0;
    const floor = () => {
      const [head] = [...store.pool(way.next.kmaId).queue];
      tries += 1;
      if (tries > 1 && head !== undefined && head.next > head.first + 2) head.next -= 2;
      return this.#floor(destination, numbers[0]!);
    };`;

/** What the simulation is to catch, one bug for each rule. */
export const mutants: readonly Mutant[] = [
  {
    name: 'burn after use',
    file: 'src/store/allocator.ts',
    find: 'await this.#burning(pool, burns);',
    put: 'void this.#burning(pool, burns).catch(() => {}); for (const [block, upto] of burns) block.burntTo = Math.max(block.burntTo, upto);',
    faults: ['power-cut', 'cut-in-write'],
  },
  {
    name: 'their key is burnt after it was handed out',
    file: 'src/store/allocator.ts',
    find: 'if (burns.size > 0) await Promise.all(burns);',
    put: 'void Promise.all(burns).catch(() => {});',
    faults: ['power-cut', 'cut-in-write', 'application'],
  },
  {
    name: 'acknowledge before sync',
    file: 'src/store/group-commit.ts',
    find: 'const error = (await this.#sync()) ?? (await this.#remember()) ?? this.#abandoned;',
    put: 'void this.#sync(); const error: any = undefined;',
    faults: ['power-cut', 'cut-in-write'],
  },
  {
    name: 'a module is answered before its block is stored',
    file: 'src/kma/acquire.ts',
    find: 'const kept = await Promise.all(wanted.map((slice) => this.#keep(slice, isWanted)));',
    put: 'answer.stored(); const kept = await Promise.all(wanted.map((slice) => this.#keep(slice, isWanted)));',
    faults: ['kill', 'power-cut'],
  },
  {
    name: 'a row names a place in the block file that is not synced',
    file: 'src/store/block-file.ts',
    find: 'await this.#synced();',
    put: '',
    faults: ['power-cut', 'cut-in-write'],
  },
  {
    name: 'the log of a process whose sync failed is believed',
    file: 'src/store/group-commit.ts',
    find: 'makeDurable(this.#disk, this.#wal);',
    put: 'this.#disk.fdatasyncSync(this.#wal);',
    faults: ['sync-fails', 'power-cut'],
  },
  {
    name: 'completion before store',
    file: 'src/kma/relay-destination.ts',
    find: 'const kept = await this.#insert(block, bytes);',
    put: relayedUnawaited,
    faults: ['disk-full', 'power-cut'],
  },
  {
    name: 'wrong direction rule',
    file: 'src/keys/block-rule.ts',
    find: 'return (number % 2 === 0) === self < peer;',
    put: 'return number % 8 === 0 || (number % 2 === 0) === self < peer;',
    faults: [],
  },
  {
    name: 'pad range not advanced after a retry',
    file: 'src/kma/relay-source.ts',
    find: 'const floor = () => this.#floor(destination, numbers[0]!);',
    put: rewound,
    faults: ['reset', 'slow'],
  },
  {
    name: 'the key of a proof is for use',
    file: 'src/keys/block-rule.ts',
    find: 'export const SYNC_UNITS = 2;',
    put: 'export const SYNC_UNITS = 1;',
    faults: [],
  },
  {
    name: 'blocks agree unseen',
    file: 'src/kma/sync-proof.ts',
    find: '[text, key.subarray(SYNC_UNITS * limits.unitBytes)]',
    put: '[text]',
    faults: ['module-lies'],
  },
  {
    name: 'a block is for use in an epoch whose ID secret is not held',
    file: 'src/kma/own-epochs.ts',
    find: "if (block.state !== 'received' || !this.#pool.idSecrets.own.has(epoch)) return false;",
    put: "if (block.state !== 'received') return false;",
    faults: ['disk-full', 'destroy'],
  },
  {
    name: 'a key is fetched as often as one likes',
    file: 'src/store/allocator.ts',
    find: '!block.use(index, units)',
    put: '(block.use(index, units), false)',
    faults: ['application'],
  },
  {
    name: 'a key is for any application of the node',
    file: 'src/keys/key-address.ts',
    find: "bindTexts('keyferry/1 key ID authenticate', masterSaeId, slaveSaeId)",
    put: "bindTexts('keyferry/1 key ID authenticate', masterSaeId, '')",
    faults: ['application'],
  },
  {
    name: 'a cover is not taken off in transit',
    file: 'src/kma/hop-guard.ts',
    find: 'coverKeys(owned.payload, keys, cover, covered);',
    put: 'coverKeys(owned.payload, keys, cover);',
    faults: [],
  },
  {
    name: 'a relay is tried for ever',
    file: 'src/kma/relay-exchange.ts',
    find: "if (this.#clock.monotonicMs() >= request.deadlineMs)\n      return request.settle(request.hindrance ?? 'timeout');",
    put: '',
    faults: ['partition'],
  },
  {
    name: 'every connection adds a timer',
    file: 'src/kma/synchronise.ts',
    find: 'this.#cancelRepeat();\n    this.#repeat();',
    put: 'this.#repeat();',
    faults: ['reset'],
  },
  {
    name: 'a peer that is gone is not dialled again',
    file: 'src/kx/peer/peer.ts',
    find: "this.#options.log.warn('kx.peer.down', { peer: this.kmaId, reason });\n    this.#redial();",
    put: "this.#options.log.warn('kx.peer.down', { peer: this.kmaId, reason });",
    faults: ['reset'],
  },
  {
    name: 'a full disk is for ever',
    file: 'src/store/group-commit.ts',
    find: 'this.failure = writeFailed(cause);',
    put: 'this.failure = writeFailed(cause); this.#broken ??= this.failure;',
    faults: ['disk-full'],
  },
  {
    name: 'what was handed out is free again after a write that failed',
    file: 'src/store/allocator.ts',
    find: 'block.next = index + units;\n          pool.ownLeft -= units;',
    put: 'block.next = index + units;\n          pool.ownLeft -= units;\n          if (this.#store.commit.failure !== undefined) block.next = index;',
    faults: ['disk-full'],
  },
  {
    name: 'key of an alarm is agreed on all the same',
    file: 'src/kma/suspect-hold.ts',
    find: 'this.#synchronise.setHeld(true);',
    put: '',
    faults: ['alarm'],
  },
  {
    name: 'an alarm is forgotten with the process',
    file: 'src/kma/suspect-hold.ts',
    find: 'this.#memory?.save(hold);',
    put: '',
    faults: ['alarm', 'kill'],
  },
  {
    name: 'the old node key is given up before the new one opens the store',
    file: 'src/store/rotation.ts',
    find: 'this.#commit.stageLazily(write, undo, done);',
    put: 'this.#commit.stageLazily(write, undo, () => {}); done();',
    faults: ['rotate', 'power-cut', 'cut-in-write'],
  },
  {
    name: 'a store that was put back goes on',
    file: 'src/store/rollback.ts',
    find: "return seen.mark > (mark ?? 0) ? 'rolled_back' : 'sound';",
    put: "return 'sound';",
    faults: ['put-back'],
  },
  {
    name: 'the guard forgets the mark of the store before only later',
    file: 'src/node/guard-file.ts',
    find: 'for (let slot = 0; slot < SLOTS; slot++) {',
    put: 'for (let slot = 0; slot < 1; slot++) {',
    faults: ['put-back', 'zeroize', 'kill', 'power-cut'],
  },
  {
    name: 'a neighbour that is given back by a reload stays away',
    file: 'src/agent/neighbours.ts',
    find: 'if (this.#known.has(kma_id)) peer.change(profile);',
    put: '',
    faults: ['configure'],
  },
  {
    name: 'a zeroized store still says that what was on its way is stored',
    file: 'src/store/group-commit.ts',
    find: '?? this.#abandoned;',
    put: ';',
    faults: ['zeroize', 'module-floods'],
  },
  {
    name: 'key that is discarded stays',
    file: 'src/kma/suspect-hold.ts',
    find: 'await this.#intake.destroy(all);',
    put: '',
    faults: ['discard'],
  },
  {
    name: 'key that is gone at the other end is handed out',
    file: 'src/kma/holdings.ts',
    find: 'if (seenTo > burntTo || isGone(number)) useless.push(block);',
    put: 'if (seenTo > burntTo) useless.push(block);',
    faults: ['destroy'],
  },
];
