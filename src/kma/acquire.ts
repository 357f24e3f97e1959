import type { ModuleAlarm, ModuleInfo, ModuleSink, RawKeyBlock, Telemetry } from '../../drivers/driver.ts';
import type { Clock } from '../env/clock.ts';
import type { Log } from '../env/log.ts';
import { messageOf } from '../errors.ts';
import { ownsBlock, SYNC_UNITS } from '../keys/block-rule.ts';
import { limits } from '../limits.ts';
import { unitsIn } from '../store/block.ts';
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
  info: ModuleInfo | undefined;
  telemetry: Telemetry = {};
  alarms = new Map<string, ModuleAlarm>();
  lastLost: string | undefined;
  readonly stats = { blocks: 0, bytes: 0, remainderBytes: 0, again: 0, refused: 0, opened: 0 };

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
    this.info = info;
    this.stats.opened += 1;
    const { moduleId, linkId, role, firmwareVersion } = info;
    this.#log.info('module.open', { moduleId, linkId, role, firmwareVersion });
  }

  onLost(reason: string): void {
    this.info = undefined;
    this.lastLost = reason;
    this.#log.warn('module.lost', { reason });
  }

  onTelemetry(telemetry: Telemetry): void {
    this.telemetry = telemetry;
  }

  onAlarm(alarm: ModuleAlarm): void {
    if (alarm.active) this.alarms.set(alarm.code, alarm);
    else this.alarms.delete(alarm.code);
    this.#log.warn('module.alarm', { code: alarm.code, text: alarm.text, active: alarm.active });
  }

  onBlock(block: RawKeyBlock, answer: Answer): void {
    this.#take(block, answer).catch((thrown: unknown) => {
      // Not acknowledged, so the module keeps it: it comes again with the next opening.
      block.bytes.wipe();
      this.#log.error('kma.block.not_stored', { number: block.number, reason: messageOf(thrown) });
    });
  }

  stop(): void {
    this.#stopped = true;
  }

  async #take(block: RawKeyBlock, answer: Answer): Promise<void> {
    // While the pool is full the block waits unacknowledged; the module's credit runs out and it holds the rest.
    while (this.#full() && !this.#stopped)
      await new Promise<void>((resolve) => this.#clock.after(limits.poolFullRetryMs, resolve));
    if (this.#stopped) return block.bytes.wipe();
    using bytes = block.bytes;
    const refusal = this.#refusal(block.number, unitsIn(bytes.length));
    if (refusal !== undefined) {
      this.stats.refused += 1;
      this.#log.warn('kma.block.refused', { number: block.number, reason: refusal });
      return answer.refused(refusal);
    }
    const own = ownsBlock(this.#self, this.#remote, block.number);
    const kept = await this.#store.insert(
      {
        remote: this.#remote,
        own,
        number: block.number,
        origin: 'link',
        state: 'received',
        first: 0,
        epoch: 0,
      },
      bytes,
    );
    if (kept === 'underway') return;
    this.#log.debug('module.acknowledged', { number: block.number });
    answer.stored();
    if (kept === 'known') {
      this.stats.again += 1;
      return;
    }
    this.stats.blocks += 1;
    this.stats.bytes += bytes.length;
    this.stats.remainderBytes += bytes.length - kept.units * limits.unitBytes;
    this.#synchronise.onBlock(kept);
  }

  #refusal(number: number, units: number): string | undefined {
    if (units <= SYNC_UNITS + 1) return 'shorter than four KMA-keys, so that nothing would be left of it';
    if (units > limits.blockUnitsMax) return 'longer than a block may be';
    if (number < this.#store.pool(this.#remote).highestNumber - limits.blockNumberWindow)
      return 'its number lies far behind the newest';
    return undefined;
  }

  #full(): boolean {
    return this.#store.pool(this.#remote).heldUnits * limits.unitBytes >= limits.linkPoolBytesMax;
  }
}
