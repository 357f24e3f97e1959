import type { Clock } from '../../src/env/clock.ts';
import type { Entropy } from '../../src/env/entropy.ts';
import type { Log } from '../../src/env/log.ts';
import { messageOf } from '../../src/errors.ts';
import type { Driver, OpenModule, PortSelector } from '../driver.ts';
import type { ContractDevice } from './device.ts';
import { ContractSink } from './sink.ts';

const WAIT_MS = 20_000;
const LOOK_MS = 10;
/** Well above what a driver takes that has to end a program. */
const CLOSE_MS = 10_000;

/** A claim of the contract does not hold. */
export class BreachError extends Error {}

/** One driver against one device, for one claim. */
export class Trial {
  readonly device: ContractDevice;
  readonly sink: ContractSink;
  readonly #driver: Driver;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #entropy: Entropy;
  #module: OpenModule | undefined;

  constructor(
    driver: Driver,
    device: ContractDevice,
    { clock, log, entropy }: { readonly clock: Clock; readonly log: Log; readonly entropy: Entropy },
  ) {
    this.#driver = driver;
    this.device = device;
    this.sink = new ContractSink(driver);
    this.#clock = clock;
    this.#log = log;
    this.#entropy = entropy;
  }

  /** Plugs the device in and opens the driver on it. */
  async start(): Promise<void> {
    await this.device.plug();
    this.open(this.device.port);
  }

  open(port: PortSelector): void {
    const { baudRate, moduleKey } = this.device;
    const channel = moduleKey && { moduleKey, entropy: this.#entropy };
    const context = { clock: this.#clock, log: this.#log, port, baudRate, channel };
    this.#module = this.#driver.open(context, this.sink);
  }

  /** Closes the driver, as often as a claim asks for it. One that has failed to close is not asked again. */
  async close(): Promise<void> {
    const module = this.#module;
    this.#module = undefined;
    if (module === undefined) return;
    let cancel = (): void => {};
    const late = new Promise<never>((_, reject) => {
      const breach = new BreachError(`close did not resolve within ${CLOSE_MS / 1_000} seconds`);
      cancel = this.#clock.after(CLOSE_MS, () => reject(breach));
    });
    await Promise.race([closing(module), late]).finally(cancel);
    this.#module = module;
    this.sink.closed = true;
  }

  /** Waits until `done`, and throws what breach has shown meanwhile. */
  async until(what: string, done: () => boolean): Promise<void> {
    const endMs = this.#clock.monotonicMs() + WAIT_MS;
    while (!done()) {
      this.check();
      if (this.#clock.monotonicMs() > endMs) throw new BreachError(`this did not come about: ${what}`);
      await this.pause(LOOK_MS);
    }
    this.check();
  }

  /** For what must not happen: waits, and looks for breaches. */
  async pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#clock.after(ms, resolve);
    });
    this.check();
  }

  check(): void {
    const [breach] = this.sink.breaches;
    if (breach !== undefined) throw new BreachError(breach);
    if (this.device.complaint !== undefined) throw new BreachError(this.device.complaint);
  }

  assert(holds: boolean, otherwise: string): void {
    if (!holds) throw new BreachError(otherwise);
  }
}

async function closing(module: OpenModule): Promise<void> {
  try {
    await module.close();
  } catch (thrown) {
    throw new BreachError(`close rejected: ${messageOf(thrown)}`);
  }
}
