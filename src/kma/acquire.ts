import type { ModuleAlarm, ModuleInfo, ModuleSink, RawKeyBlock, Telemetry } from '../../drivers/driver.ts';
import type { Clock } from '../env/clock.ts';
import type { Log } from '../env/log.ts';
import { messageOf, rethrowInvariant } from '../errors.ts';
import { ownsBlock, SYNC_UNITS } from '../keys/block-rule.ts';
import { limits } from '../limits.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import { type About, type Block, unitsIn } from '../store/block.ts';
import type { KeyStore } from '../store/key-store.ts';
import { FirstQber } from './first-qber.ts';
import { LinkRoom } from './link-room.ts';
import { numbersOf, QualityGate, type Refusal, type RefusalCode } from './quality-gate.ts';
import { SuspectDestruction } from './suspect-destruction.ts';
import { type HoldOptions, type HoldStatus, SuspectHold } from './suspect-hold.ts';
import type { Synchronise } from './synchronise.ts';

type Answer = Parameters<ModuleSink['onBlock']>[1];
/** What one raw key block is kept as: one block or several. `bytes` is lent. */
type Slice = { readonly number: number; readonly bytes: SecretBytes; readonly about: About };

const SUSPECT: Refusal = { code: 'suspect', text: 'an alarm has made the key of this link suspect' };

const REPEATED = { remedy: 'Was it exchanged, or reset? Such key is thrown away: docs/key-life.md.' };

export type AcquireOptions = HoldOptions & {
  /** Blocks above it are refused; a fraction. */
  readonly qberMax?: number | undefined;
  /** Suspect blocks are durably destroyed. */
  readonly onDestroyed?: () => void;
};

/** Takes raw key of one link's module, cuts it into KMA-keys and stores it before the module may forget it (design rule 2). */
export class Acquire implements ModuleSink {
  readonly #self: string;
  readonly #remote: string;
  readonly #store: KeyStore;
  readonly #synchronise: Synchronise;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #gate: QualityGate;
  readonly #room: LinkRoom;
  readonly #hold: SuspectHold;
  readonly #destruction: SuspectDestruction;
  readonly #firstQber: FirstQber;
  readonly #taking = new Set<Promise<void>>();
  /** Blocks of this opening that were here already. */
  #repeated = 0;
  #stopped = false;
  #diskFails = false;
  /** Rises with every opening and loss: what was delivered before belongs to nobody. */
  #generation = 0;
  info: ModuleInfo | undefined;
  telemetry: Telemetry = {};
  alarms = new Map<string, ModuleAlarm>();
  lastLost: string | undefined;
  /** Refused blocks by reason. */
  readonly refusals: Partial<Record<RefusalCode, number>> = {};
  readonly stats = {
    blocks: 0,
    bytes: 0,
    remainderBytes: 0,
    again: 0,
    refused: 0,
    surplus: 0,
    evicted: 0,
    opened: 0,
  };

  constructor(
    self: string,
    remote: string,
    store: KeyStore,
    synchronise: Synchronise,
    clock: Clock,
    log: Log,
    options: AcquireOptions,
  ) {
    this.#self = self;
    this.#remote = remote;
    this.#store = store;
    this.#synchronise = synchronise;
    this.#clock = clock;
    this.#log = log.with({ link: remote });
    this.#gate = new QualityGate(options.qberMax);
    this.#firstQber = new FirstQber(clock);
    this.#destruction = new SuspectDestruction(store, clock, options.onDestroyed ?? (() => {}));
    this.#room = new LinkRoom(self, remote, store, synchronise, clock);
    const destroy = (blocks: readonly Block[]) => this.#destruction.run(blocks);
    const intake = { destroy, underway: () => this.idle() };
    this.#hold = new SuspectHold(store.pool(remote), synchronise, intake, clock, this.#log, options);
  }

  /** What an alarm has put out of use; null when nothing is. */
  get held(): HoldStatus | null {
    return this.#hold.status;
  }

  /** Ends a hold: suspect blocks are used, or destroyed where that is the rule. As `SuspectHold.release`. */
  release(why: string): Promise<number> {
    return this.#hold.release(why);
  }

  /** Destroys suspect blocks. As `SuspectHold.discard`. */
  discard(why: string): Promise<number> {
    return this.#hold.discard(why);
  }

  onOpen(info: ModuleInfo): void {
    this.#beginAnew();
    this.info = info;
    this.#hold.onOpen();
    this.stats.opened += 1;
    const { moduleId, linkId, role, firmwareVersion } = info;
    this.#log.info('module.open', { moduleId, linkId, role, firmwareVersion });
  }

  #beginAnew(): void {
    this.#generation += 1;
    this.#repeated = 0;
    this.alarms.clear();
    this.telemetry = {};
    this.#firstQber.reset();
  }

  onLost(reason: string): void {
    this.#beginAnew();
    this.#hold.onLost();
    this.info = undefined;
    this.lastLost = reason;
    this.#log.warn('module.lost', { reason });
  }

  /** Why its port or the module itself cannot be had now, as its driver says. */
  onTrouble(reason: string): void {
    if (this.info === undefined) this.lastLost = reason;
  }

  onTelemetry(telemetry: Telemetry): void {
    this.telemetry = telemetry;
    if (telemetry.qber !== undefined) this.#firstQber.said();
  }

  onAlarm(alarm: ModuleAlarm): void {
    const known = this.alarms.get(alarm.code);
    // Modules repeat what is active, since a line may lose it.
    if (alarm.active && known?.text === alarm.text && known.suspect === alarm.suspect) return;
    if (!alarm.active) this.alarms.delete(alarm.code);
    else if (this.alarms.size < limits.alarmsMax) this.alarms.set(alarm.code, alarm);
    this.#log.warn('module.alarm', { code: alarm.code, text: alarm.text, active: alarm.active });
    this.#hold.onAlarm(alarm);
  }

  onBlock(block: RawKeyBlock, answer: Answer): void {
    const taking = this.#take(block, answer)
      .catch((thrown: unknown) => {
        rethrowInvariant(thrown);
        this.#log.error('kma.block.error', { number: block.number, reason: messageOf(thrown) });
      })
      .finally(() => {
        block.bytes.wipe();
        this.#taking.delete(taking);
      });
    this.#taking.add(taking);
  }

  /** Resolves when no block that is on its way into the store now is so any more. */
  async idle(): Promise<void> {
    await Promise.all(this.#taking);
  }

  stop(): void {
    this.#stopped = true;
    this.#hold.stop();
    this.#destruction.stop();
    this.#generation += 1;
    this.#firstQber.reset();
  }

  async #take(block: RawKeyBlock, answer: Answer): Promise<void> {
    const generation = this.#generation;
    const { condemned } = this.#hold;
    const isWanted = () => this.#generation === generation && this.#hold.condemned === condemned;
    if (this.#gate.needs(block.qber ?? this.telemetry.qber)) await this.#firstQber.wait();
    // The module sends it again.
    if (this.#generation !== generation) return;
    const slices = this.#slices(block);
    const refusal = isWanted() ? this.#refusal(block, slices) : SUSPECT;
    if (refusal !== undefined) return this.#refuse(block, slices, refusal, answer);
    const wanted = slices.filter((slice) => this.#hasRoom(slice.number));
    for (const slice of slices) if (!wanted.includes(slice)) this.#synchronise.onRefused(slice.number);
    this.stats.surplus += slices.length - wanted.length;
    if (wanted.length === 0) return answer.refused('its direction of the pool is full');
    const kept = await Promise.all(wanted.map((slice) => this.#keep(slice, isWanted)));
    if (this.#hold.condemned !== condemned) {
      this.#refuse(block, slices, SUSPECT, answer);
      return this.#destruction.run(kept.filter((one) => typeof one === 'object'));
    }
    // Of a block in slices, some may be stored when another one is not: when it comes again they are known.
    for (const [i, one] of kept.entries()) if (one !== undefined) this.#stored(wanted[i]!, one);
    if (kept.includes(undefined)) return;
    this.#log.debug('module.acknowledged', { number: block.number });
    answer.stored();
    const whole = slices.reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (kept.some((one) => one !== 'known')) this.stats.remainderBytes += block.bytes.length - whole;
  }

  #hasRoom(number: number): boolean {
    const evicted = this.#room.make(number);
    this.stats.evicted += evicted ?? 0;
    return evicted !== undefined;
  }

  #refuse(block: RawKeyBlock, slices: readonly Slice[], { code, text }: Refusal, answer: Answer): void {
    this.stats.refused += 1;
    this.refusals[code] = (this.refusals[code] ?? 0) + 1;
    this.#log.warn('kma.block.refused', { number: block.number, code, reason: text });
    for (const { number } of slices) this.#synchronise.onRefused(number);
    answer.refused(text);
  }

  /** The blocks as which `block` is kept; a last one that would be too short for any use is left out. */
  #slices({ number, bytes, qber = this.telemetry.qber }: RawKeyBlock): Slice[] {
    const all = bytes.view();
    const about = { module: this.info?.moduleId, link: this.info?.linkId, qber };
    const slices: Slice[] = [];
    for (let i = 0; i < numbersOf(all.length); i++) {
      const view = all.subarray(i * limits.blockBytesMax, (i + 1) * limits.blockBytesMax);
      // A view of the block, which is wiped as a whole.
      const tooShort = i > 0 && unitsIn(view.length) <= SYNC_UNITS + 1;
      if (!tooShort) slices.push({ number: number + i, bytes: SecretBytes.adopt(view), about });
    }
    return slices;
  }

  /** While the disk fails, the block waits here unacknowledged; the module's credit runs out and it holds the rest. */
  async #keep(slice: Slice, isWanted: () => boolean): Promise<Block | 'known' | undefined> {
    for (;;) {
      const kept = await this.#insert(slice);
      if (typeof kept === 'object' || kept === 'known') return kept;
      const waitMs = kept === 'underway' ? limits.underwayRetryMs : limits.insertRetryMs;
      await new Promise<void>((resolve) => this.#clock.after(waitMs, resolve));
      if (this.#stopped || !isWanted()) return undefined;
    }
  }

  async #insert({ number, bytes, about }: Slice): Promise<Block | 'known' | 'underway' | 'failed'> {
    const own = ownsBlock(this.#self, this.#remote, number);
    const block = {
      remote: this.#remote,
      own,
      number,
      origin: 'link',
      state: 'received',
      first: 0,
      epoch: 0,
      about,
    } as const;
    try {
      const kept = await this.#store.insert(block, bytes);
      this.#diskFails = false;
      return kept;
    } catch (thrown) {
      rethrowInvariant(thrown);
      // Tried again and again: once will do, or the log would fill what room there is.
      if (!this.#diskFails) this.#log.error('kma.block.not_stored', { number, reason: messageOf(thrown) });
      this.#diskFails = true;
      return 'failed';
    }
  }

  // Of a module of which so many are known, it is not that their answers were lost.
  #known(): void {
    this.stats.again += 1;
    if (++this.#repeated === limits.repeatedBlocksMax) this.#log.warn('module.numbers_repeat', REPEATED);
  }

  #stored({ bytes }: Slice, kept: Block | 'known'): void {
    if (kept === 'known') return this.#known();
    this.stats.blocks += 1;
    this.stats.bytes += bytes.length;
    this.stats.remainderBytes += bytes.length - kept.units * limits.unitBytes;
    this.#synchronise.onBlock(kept);
  }

  #refusal(block: RawKeyBlock, slices: readonly Slice[]): Refusal | undefined {
    const { number, bytes, qber = this.telemetry.qber } = block;
    if (this.#hold.refuses) return SUSPECT;
    const gone = (at: number) =>
      this.#store.longGone(this.#remote, ownsBlock(this.#self, this.#remote, at), at, 'link');
    if (slices.some((slice) => gone(slice.number))) {
      return { code: 'long_gone', text: 'its number lies far behind the newest' };
    }
    return this.#gate.judge({ number, bytes: bytes.view(), qber });
  }
}
