import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../env/clock.ts';
import type { Log } from '../env/log.ts';
import { messageOf, rethrowInvariant } from '../errors.ts';
import { SYNC_UNITS } from '../keys/block-rule.ts';
import { command } from '../kx/codec/header.ts';
import {
  type Proposal,
  readAnswers,
  readFloor,
  readProposals,
  type SyncAnswer,
  writeAnswers,
  writeProposals,
} from '../kx/codec/private-messages.ts';
import { whyMalformed } from '../kx/decode/why-malformed.ts';
import type { Peer } from '../kx/peer/peer.ts';
import type { Message } from '../kx/session/session.ts';
import { limits } from '../limits.ts';
import type { Block } from '../store/block.ts';
import type { KeyStore } from '../store/key-store.ts';
import type { Pool } from '../store/pool.ts';
import { BlockProofs } from './block-proofs.ts';
import { OwnEpochs } from './own-epochs.ts';
import { ProposalInbox } from './proposal-inbox.ts';
import { Proposed } from './proposed.ts';
import { WaitingProposals } from './waiting-proposals.ts';

/**
 * Synchronises the link blocks shared with one neighbour. The owner of a block's direction proposes it; the other side holds the
 * proposal until its own module has delivered the block, then answers. Both sides use a block only after this.
 */
export class Synchronise {
  readonly #peer: Peer;
  readonly #store: KeyStore;
  readonly #pool: Pool;
  readonly #epochs: OwnEpochs;
  readonly #proofs: BlockProofs;
  readonly #clock: Clock;
  readonly #log: Log;
  /** Own blocks whose proposal is to be sent. */
  readonly #due = new Set<Block>();
  readonly #proposed = new Proposed();
  readonly #waiting = new WaitingProposals();
  readonly #inbox: ProposalInbox;
  #held: boolean | 'for good' = false;
  #flushing = false;
  #connections = 0;
  #agreesSinceMs = 0;
  #cancelRepeat: () => void = () => {};
  readonly stats = { ready: 0, quarantined: 0 };

  constructor(self: string, peer: Peer, store: KeyStore, clock: Clock, log: Log) {
    this.#peer = peer;
    this.#store = store;
    this.#pool = store.pool(peer.kmaId);
    this.#epochs = new OwnEpochs(store, this.#pool);
    this.#clock = clock;
    this.#inbox = new ProposalInbox(clock, (batch, isCurrent) => this.#answer(batch, isCurrent));
    this.#log = log.with({ peer: peer.kmaId });
    const onDamaged = (block: Block) => this.#background(this.#quarantine(block, 'damaged'));
    this.#proofs = new BlockProofs(store, { self, other: peer.kmaId }, this.#log, onDamaged);
  }

  /** Everything that was not answered is proposed again. @param same whether the connection is the same as before */
  onUp(same = false): void {
    if (this.#held === 'for good') return;
    if (!same) {
      this.#connections += 1;
      this.#proposed.clear();
    }
    this.#agreesSinceMs = this.#clock.monotonicMs();
    this.#waiting.clear();
    this.#inbox.clear();
    // What was proposed and never agreed on names an epoch that need not exist any more.
    this.#epochs.giveUp();
    for (const block of this.#pool.own.values())
      if (block.state === 'received' && !this.#epochs.isMarking(block)) this.#due.add(block);
    this.#cancelRepeat();
    this.#repeat();
  }

  stop(): void {
    this.#held = 'for good';
    this.#cancelRepeat();
  }

  /** Since when (monotonic milliseconds) both ends could agree on what they hold; undefined while they can't. */
  get agreesSinceMs(): number | undefined {
    return this.#held || !this.#peer.up ? undefined : this.#agreesSinceMs;
  }

  /** While held, nothing is proposed, answered or made ready: the blocks are in doubt. */
  setHeld(held: boolean): void {
    const waiting = this.#waiting.all();
    if (this.#held !== 'for good') this.#held = held;
    if (this.#held) return;
    // Answers to what was proposed on this connection may still come.
    this.#proposed.overdue(Number.POSITIVE_INFINITY, this.#isOpen);
    this.onUp(true);
    this.#consider(waiting);
  }

  /** A block that was not kept: a proposal for it need not wait. */
  onRefused(number: number): void {
    this.#waiting.refuse(number);
    this.#considerWaiting(number);
  }

  onBlock(block: Block): void {
    if (!block.own) return this.#considerWaiting(block.number);
    this.#due.add(block);
    this.#flushSoon();
  }

  #considerWaiting(number: number): void {
    const proposal = this.#waiting.take(number);
    if (proposal !== undefined) this.#consider([proposal]);
  }

  onMessage(message: Message): void {
    if (message.header.command === command.syncProposal) {
      const proposals = readProposals(message.payload);
      if (proposals === undefined) return this.#malformed('sync_proposal', message);
      this.#pool.theirFloor = readFloor(message.payload);
      return this.#consider(proposals);
    }
    const answers = readAnswers(message.payload);
    if (answers === undefined) return this.#malformed('sync_answer', message);
    this.#background(Promise.all(answers.map((answer) => this.#settle(answer))));
  }

  #malformed(command: string, why: string | Message): void {
    const reason = typeof why === 'string' ? why : whyMalformed(why, this.#peer.spotless);
    this.#log.warn('kx.message.malformed', { command, reason });
    this.#peer.malformed();
  }

  readonly #isOpen = (number: number): boolean => this.#pool.own.get(number)?.state === 'received';

  #flushSoon(): void {
    const waits = this.#due.size === 0 || this.#proposed.size >= limits.proposalsOutstandingMax;
    if (this.#flushing || waits || this.#held || !this.#peer.up) return;
    this.#flushing = true;
    this.#clock.after(limits.syncBatchMs, () => {
      this.#flushing = false;
      this.#flush();
      this.#flushSoon();
    });
  }

  #flush(): void {
    const proposals: Proposal[] = [];
    for (const block of this.#due) {
      const enough =
        proposals.length === limits.syncChunk || this.#proposed.size >= limits.proposalsOutstandingMax;
      if (enough || this.#held || !this.#peer.up) break;
      this.#due.delete(block);
      if (block.state !== 'received') continue;
      const tag = this.#proofs.orDamage('proposal', block);
      if (tag === undefined) continue;
      const choice = this.#epochs.choice ?? block.number;
      const epoch = this.#proposed.propose(block.number, choice, this.#clock.monotonicMs());
      this.#epochs.proposed(epoch);
      proposals.push({ number: block.number, bytes: block.units * limits.unitBytes, epoch, tag });
    }
    const floor = this.#pool.ownFloor(limits.blockNumberMax);
    if (proposals.length > 0) this.#peer.send(writeProposals(proposals, floor));
  }

  // What stays unanswered for long is proposed again: the other side may have had no room for it, or have failed to store it.
  #repeat(): void {
    const before = this.#clock.monotonicMs() - limits.reproposeMs;
    for (const number of this.#proposed.overdue(before, this.#isOpen))
      if (this.#isOpen(number)) this.#due.add(this.#pool.own.get(number)!);
    this.#flushSoon();
    if (this.#peer.up) this.#cancelRepeat = this.#clock.after(limits.reproposeMs / 4, () => this.#repeat());
  }

  #consider(proposals: readonly Proposal[]): void {
    this.#background(this.#inbox.add(proposals));
  }

  // The blocks that begin an epoch before those that lie in it.
  async #answer(batch: readonly Proposal[], isCurrent: () => boolean): Promise<void> {
    const answers: (SyncAnswer | undefined)[] = [];
    for (const proposal of batch)
      if (proposal.epoch === proposal.number) answers.push(await this.#judge(proposal));
    const others = batch.filter(({ epoch, number }) => epoch !== number);
    answers.push(...(await Promise.all(others.map((proposal) => this.#judge(proposal)))));
    const said = answers.filter((answer) => answer !== undefined);
    // To a proposal of an earlier connection no answer is due: the block is proposed again, maybe in another epoch.
    if (said.length > 0 && isCurrent()) this.#peer.send(writeAnswers(said));
  }

  async #judge(proposal: Proposal): Promise<SyncAnswer | undefined> {
    try {
      return await this.#verdict(proposal);
    } catch (thrown) {
      // Unanswered, it comes again.
      rethrowInvariant(thrown);
      this.#log.error('kma.synchronise.error', { number: proposal.number, reason: messageOf(thrown) });
      return undefined;
    }
  }

  async #verdict(proposal: Proposal): Promise<SyncAnswer | undefined> {
    const { number, epoch } = proposal;
    const block = this.#pool.theirs.get(number);
    if (block === undefined) return this.#judgeMissing(proposal);
    if (this.#held && block.state === 'received') return void this.#waiting.add(proposal);
    const expected = this.#proofs.orDamage('proposal', block);
    if (expected === undefined) return { number, verdict: 'differs', tag: undefined };
    const same = block.units * limits.unitBytes === proposal.bytes && timingSafeEqual(proposal.tag, expected);
    if (!same) {
      await this.#quarantine(block);
      return { number, verdict: 'differs', tag: undefined };
    }
    if (epoch !== number && !this.#pool.idSecrets.theirs.has(epoch))
      return { number, verdict: 'unknown_epoch', tag: undefined };
    const tag = this.#proofs.of('answer', block);
    // Durable before it is said; a proposal that comes again is answered again.
    const repeated = block.state === 'ready' && (block.epoch === epoch || block.usedCount > 0);
    if (!repeated) {
      await this.#store.markReady(block, SYNC_UNITS, epoch);
      if (block.ended) return undefined;
      this.stats.ready += 1;
    }
    return { number, verdict: 'ready', tag };
  }

  #judgeMissing(proposal: Proposal): SyncAnswer | undefined {
    const { number } = proposal;
    if (this.#waiting.isRefused(number) || this.#store.known(this.#pool.remote, false, number))
      return { number, verdict: 'differs', tag: undefined };
    return void this.#waiting.add(proposal);
  }

  async #settle(answer: SyncAnswer): Promise<void> {
    const epoch = this.#proposed.epochOf(answer.number);
    const block = this.#pool.own.get(answer.number);
    if (epoch === undefined || block?.state !== 'received') return;
    // A block brings the ID secret of its own epoch: nobody can miss that one.
    if (answer.verdict === 'unknown_epoch' && epoch === block.number)
      return this.#malformed('sync_answer', 'it lacks the epoch that the block brings');
    this.#proposed.answered(answer.number);
    if (this.#due.size > 0) this.#flushSoon();
    if (answer.verdict === 'unknown_epoch') {
      // The other side does not hold the ID secret.
      try {
        await this.#store.forgetEpoch(this.#pool.remote, epoch);
      } finally {
        this.#inAnotherEpoch(block, epoch);
      }
      return;
    }
    const expected = this.#proofs.orDamage('answer', block);
    if (expected === undefined) return;
    if (answer.tag === undefined || !timingSafeEqual(answer.tag, expected)) return this.#quarantine(block);
    if (this.#held) return;
    await this.#ready(block, epoch);
  }

  async #ready(block: Block, epoch: number): Promise<void> {
    const connection = this.#connections;
    try {
      if (await this.#epochs.markReady(block, epoch, () => this.#held !== false)) this.stats.ready += 1;
      else if (block.state === 'received' && !this.#held) this.#inAnotherEpoch(block, epoch);
    } catch (thrown) {
      // Proposed again: on this connection in a while, and the answer will be the same; on another one it was not proposed yet.
      if (connection === this.#connections)
        this.#proposed.add(block.number, epoch, this.#clock.monotonicMs());
      else this.#due.add(block);
      this.#flushSoon();
      throw thrown;
    }
  }

  // One end has no ID secret of that epoch. The block begins a new one, unless one has begun meanwhile.
  #inAnotherEpoch(block: Block, epoch: number): void {
    this.#epochs.giveUp(epoch);
    if (this.#proposed.isBound(block.number)) return;
    this.#due.add(block);
    this.#flushSoon();
  }

  async #quarantine(block: Block, reason: 'differed' | 'damaged' = 'differed'): Promise<void> {
    this.stats.quarantined += 1;
    this.#epochs.giveUp(block.number);
    this.#log.warn('kma.block.quarantined', { number: block.number, own: block.own });
    await this.#store.destroy(block, reason);
  }

  #background(work: Promise<unknown>): void {
    work.catch((thrown: unknown) => {
      rethrowInvariant(thrown);
      this.#log.error('kma.synchronise.error', { reason: messageOf(thrown) });
    });
  }
}
