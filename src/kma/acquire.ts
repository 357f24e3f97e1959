import type { ModuleAlarm, ModuleInfo, ModuleSink, RawKeyBlock, Telemetry } from '../../drivers/driver.ts';
import type { Clock } from '../env/clock.ts';
import type { Log } from '../env/log.ts';
import { messageOf, rethrowInvariant } from '../errors.ts';
import { ownsBlock, SYNC_UNITS } from '../keys/block-rule.ts';
import { limits } from '../limits.ts';
import { type Block, unitsIn } from '../store/block.ts';
import type { KeyStore } from '../store/key-store.ts';
import type { Synchronise } from './synchronise.ts';

type Answer = Parameters<ModuleSink['onBlock']>[1];

/** Takes raw key of one link's module, cuts it into KMA-keys and stores it before the module may forget it (design rule 2). */
export class Acquire implements ModuleSink {
  readonly #self: string;
  readonly #remote: string;
  readonly #store: KeyStore;
  readonly #synchronise: Synchronise;
  readonly #clock: Clock;
  readonly #log: Log;
  #stopped = false;
  /** Rises with every opening and loss: what was delivered before belongs to nobody. */
  #generation = 0;
  info: ModuleInfo | undefined;
  telemetry: Telemetry = {};
  alarms = new Map<string, ModuleAlarm>();
  lastLost: string | undefined;
  readonly stats = { blocks: 0, bytes: 0, remainderBytes: 0, again: 0, refused: 0, surplus: 0, opened: 0 };

  constructor(
    self: string,
    remote: string,
    store: KeyStore,
    synchronise: Synchronise,
    clock: Clock,
    log: Log,
  ) {
    this.#self = self;
    this.#remote = remote;
    this.#store = store;
    this.#synchronise = synchronise;
    this.#clock = clock;
    this.#log = log.with({ link: remote });
  }

  onOpen(info: ModuleInfo): void {
    this.#generation += 1;
    this.alarms.clear();
    this.info = info;
    this.stats.opened += 1;
    const { moduleId, linkId, role, firmwareVersion } = info;
    this.#log.info('module.open', { moduleId, linkId, role, firmwareVersion });
  }

  onLost(reason: string): void {
    this.#generation += 1;
    this.alarms.clear();
    this.info = undefined;
    this.lastLost = reason;
    this.#log.warn('module.lost', { reason });
  }

  onTelemetry(telemetry: Telemetry): void {
    this.telemetry = telemetry;
  }

  onAlarm(alarm: ModuleAlarm): void {
    if (!alarm.active) this.alarms.delete(alarm.code);
    else if (this.alarms.size < limits.alarmsMax) this.alarms.set(alarm.code, alarm);
    this.#log.warn('module.alarm', { code: alarm.code, text: alarm.text, active: alarm.active });
  }

  onBlock(block: RawKeyBlock, answer: Answer): void {
    this.#take(block, answer)
      .catch((thrown: unknown) => {
        rethrowInvariant(thrown);
        this.#log.error('kma.block.error', { number: block.number, reason: messageOf(thrown) });
      })
      .finally(() => block.bytes.wipe());
  }

  stop(): void {
    this.#stopped = true;
    this.#generation += 1;
  }

  async #take(block: RawKeyBlock, answer: Answer): Promise<void> {
    const generation = this.#generation;
    const refusal = this.#refusal(block.number, unitsIn(block.bytes.length));
    if (refusal !== undefined) {
      this.stats.refused += 1;
      this.#log.warn('kma.block.refused', { number: block.number, reason: refusal });
      return answer.refused(refusal);
    }
    if (this.#surplus(block.number)) {
      this.stats.surplus += 1;
      this.#synchronise.onRefused(block.number);
      return answer.refused('its direction of the pool is full');
    }
    // While the disk fails, the block waits here unacknowledged; the module's credit runs out and it holds the rest.
    for (;;) {
      const kept = await this.#insert(block);
      if (typeof kept === 'object' || kept === 'known') return this.#stored(block, kept, answer);
      const waitMs = kept === 'underway' ? limits.underwayRetryMs : limits.insertRetryMs;
      await new Promise<void>((resolve) => this.#clock.after(waitMs, resolve));
      if (this.#generation !== generation || this.#stopped) return;
    }
  }

  async #insert({ number, bytes }: RawKeyBlock): Promise<Block | 'known' | 'underway' | 'failed'> {
    const own = ownsBlock(this.#self, this.#remote, number);
    const block = {
      remote: this.#remote,
      own,
      number,
      origin: 'link',
      state: 'received',
      first: 0,
      epoch: 0,
    } as const;
    try {
      return await this.#store.insert(block, bytes);
    } catch (thrown) {
      rethrowInvariant(thrown);
      this.#log.error('kma.block.not_stored', { number, reason: messageOf(thrown) });
      return 'failed';
    }
  }

  #stored(block: RawKeyBlock, kept: Block | 'known', answer: Answer): void {
    this.#log.debug('module.acknowledged', { number: block.number });
    answer.stored();
    if (kept === 'known') {
      this.stats.again += 1;
      return;
    }
    this.stats.blocks += 1;
    this.stats.bytes += block.bytes.length;
    this.stats.remainderBytes += block.bytes.length - kept.units * limits.unitBytes;
    this.#synchronise.onBlock(kept);
  }

  #refusal(number: number, units: number): string | undefined {
    if (units <= SYNC_UNITS + 1) return 'shorter than four KMA-keys, so that nothing would be left of it';
    if (units > limits.blockUnitsMax) return 'longer than a block may be';
    if (this.#store.longGone(this.#remote, ownsBlock(this.#self, this.#remote, number), number))
      return 'its number lies far behind the newest';
    return undefined;
  }

  // Each direction has its half. One that is used less than the other must not stop the module, or the other would run dry: what it
  // has too much of is given up.
  #surplus(number: number): boolean {
    const { held } = this.#store.pool(this.#remote);
    const units = ownsBlock(this.#self, this.#remote, number) ? held.own : held.theirs;
    return units * limits.unitBytes >= limits.linkPoolBytesMax / 2;
  }
}
