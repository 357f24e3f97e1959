import type { ByteLink, ByteLinkEvents } from '../../src/env/byte-link.ts';
import { AgentError, messageOf } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import type { DriverContext } from '../driver.ts';

/** What a driver does with an open port. None of these may throw. */
export type PortUser = {
  /** Opens the port, each time anew: a device may have come back under another name. Rejects with an AgentError. */
  readonly open: (events: ByteLinkEvents) => Promise<ByteLink>;
  readonly onOpen: (link: ByteLink) => void;
  /** `chunk` is the driver's, who wipes it. */
  readonly onData: (chunk: Buffer) => void;
  /** The link that `onOpen` gave has gone; nothing more can be written to it. */
  readonly onClosed: (reason: string) => void;
  /** Four times a second while the port is open. */
  readonly onTick: () => void;
};

const TICK_MS = 250;

/**
 * Keeps one port open for as long as a driver lives: opens it, and opens it again after a pause that grows whenever it
 * cannot be opened or goes away. One attempt is under way at a time. What fails again for the same reason is logged once.
 */
export class PortKeeper {
  readonly #context: DriverContext;
  readonly #user: PortUser;
  #link: ByteLink | undefined;
  #cancelTimer: () => void = () => {};
  #backOffMs: number = limits.portBackOffMsMin;
  #openedMs = 0;
  /** Whether the module has shown in this opening that it is well. */
  #isProved = false;
  #lastFailure = '';
  #lastClose = '';
  /** Between two attempts. */
  #waiting = false;
  #stopping = false;
  readonly #stopped = Promise.withResolvers<void>();

  constructor(context: DriverContext, user: PortUser) {
    this.#context = context;
    this.#user = user;
    void this.#connect();
  }

  /** The open port. */
  get link(): ByteLink | undefined {
    return this.#link;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** Stops for good. Resolves when the port is closed and `onClosed` has been called for it. */
  close(): Promise<void> {
    if (this.#stopping) return this.#stopped.promise;
    this.#stopping = true;
    if (this.#link) this.#link.close('the agent is closing it');
    else if (this.#waiting) this.#finish();
    return this.#stopped.promise;
  }

  /** Closes the port because of what its module did; it is opened again after a pause. */
  hangUp(reason: string): void {
    if (reason !== this.#lastFailure) this.#context.log.warn('module.hung-up', { reason });
    this.#lastFailure = reason;
    this.#link?.close(reason);
  }

  /** The module has shown that it is well: what fails from now on is worth a line in the log, and soon another attempt. */
  proved(): void {
    this.#isProved = true;
    this.#lastFailure = '';
    this.#lastClose = '';
  }

  /** Writes, unless the module has stopped reading: then it hangs up. `taken` runs in any case. */
  write(bytes: Uint8Array, taken?: () => void): void {
    const link = this.#link;
    if (link !== undefined && link.queuedBytes <= limits.portQueueBytesMax) {
      this.#context.tap?.sent(bytes);
      link.write(bytes, taken);
      return;
    }
    taken?.();
    link?.close('the module does not read what it is sent');
  }

  async #connect(): Promise<void> {
    this.#waiting = false;
    try {
      const link = await this.#user.open({ onData: this.#onData, onClosed: this.#onClosed });
      this.#link = link;
      if (this.#stopping) return link.close('the agent is closing it');
      this.#isProved = false;
      this.#openedMs = this.#context.clock.monotonicMs();
      this.#user.onOpen(link);
      this.#scheduleTick();
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  #failed(thrown: unknown): void {
    const reason = messageOf(thrown);
    if (reason !== this.#lastFailure) {
      const remedy = thrown instanceof AgentError ? thrown.remedy : undefined;
      this.#context.log.warn('module.port-unavailable', { reason, remedy });
    }
    this.#lastFailure = reason;
    this.#tryAgain();
  }

  #tryAgain(): void {
    if (this.#stopping) return this.#finish();
    this.#waiting = true;
    this.#cancelTimer = this.#context.clock.after(this.#backOffMs, () => void this.#connect());
    this.#backOffMs = Math.min(this.#backOffMs * 2, limits.portBackOffMsMax);
  }

  #finish(): void {
    this.#waiting = false;
    this.#cancelTimer();
    this.#stopped.resolve();
  }

  #scheduleTick(): void {
    this.#cancelTimer = this.#context.clock.after(TICK_MS, () => {
      if (this.#link === undefined) return;
      this.#user.onTick();
      if (this.#link !== undefined) this.#scheduleTick();
    });
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#context.tap?.received(chunk);
    this.#user.onData(chunk);
  };

  readonly #onClosed = (reason: string): void => {
    const { clock, log } = this.#context;
    this.#link = undefined;
    this.#cancelTimer();
    if (reason !== this.#lastClose) log.info('module.port-closed', { reason });
    this.#lastClose = reason;
    this.#user.onClosed(reason);
    // A module that was well for a while is soon so again. A port that is merely open proves nothing: a program that never
    // says hello would be started again and again without a pause.
    if (this.#isProved && clock.monotonicMs() - this.#openedMs >= limits.portSilenceMs)
      this.#backOffMs = limits.portBackOffMsMin;
    this.#tryAgain();
  };
}
