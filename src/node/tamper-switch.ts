import type { Clock } from '../env/clock.ts';
import type { Disk } from '../env/disk.ts';
import type { Log } from '../env/log.ts';
import { messageOf } from '../errors.ts';
import { limits } from '../limits.ts';

export type TamperConfig = { readonly file: string; readonly value: string };

/** Reads the file of a tamper switch over and over: files of the kernel's tell of no change. One that cannot be read is said, and does nothing. */
export class TamperSwitch {
  readonly #disk: Disk;
  readonly #config: TamperConfig;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onTamper: () => void;
  #cancel = (): void => {};
  #unreadable = false;

  /** @param onTamper called once */
  constructor(disk: Disk, config: TamperConfig, clock: Clock, log: Log, onTamper: () => void) {
    this.#disk = disk;
    this.#config = config;
    this.#clock = clock;
    this.#log = log;
    this.#onTamper = onTamper;
  }

  start(): void {
    if (this.#says()) return this.#onTamper();
    this.#cancel = this.#clock.after(limits.tamperPollMs, () => this.start());
  }

  stop(): void {
    this.#cancel();
  }

  #says(): boolean {
    const { file, value } = this.#config;
    try {
      const said = this.#disk.readFileSync(file, 'latin1').trim();
      this.#unreadable = false;
      return said === value;
    } catch (thrown) {
      if (!this.#unreadable)
        this.#log.error('agent.tamper_switch_unreadable', {
          code: 'host.tamper_unreadable',
          file,
          reason: messageOf(thrown),
          remedy: 'Let the agent read tamper.file: until then the switch does nothing.',
        });
      this.#unreadable = true;
      return false;
    }
  }
}
