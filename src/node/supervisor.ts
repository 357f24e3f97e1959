import { execFile } from 'node:child_process';
import type { Clock } from '../env/clock.ts';
import type { Log } from '../env/log.ts';
import { limits } from '../limits.ts';

const HELPER = 'systemd-notify';
/** Of the time within which the supervisor wants a sign of life. */
const SHARE = 1 / 3;

/**
 * Tells systemd how the agent fares, where it runs as a unit of `Type=notify`, and does nothing elsewhere. systemd listens on a datagram
 * socket, which Node.js has no means to speak to: systemd's own helper does it. A sign of life goes out from the event loop, so that an
 * agent that no longer turns is ended and started anew.
 */
export class Supervisor {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #clock: Clock;
  readonly #log: Log;
  #cancel = (): void => {};

  constructor(environment: NodeJS.ProcessEnv, clock: Clock, log: Log) {
    this.#environment = environment;
    this.#clock = clock;
    this.#log = log;
  }

  /** The agent is up: from now on it also gives signs of life, where the unit has a watchdog. */
  ready(): void {
    this.#tell('READY=1');
    const watchdogMs = Number(this.#environment['WATCHDOG_USEC'] ?? 0) / 1_000;
    if (watchdogMs > 0) this.#live(watchdogMs * SHARE);
  }

  stopping(): void {
    this.#cancel();
    this.#tell('STOPPING=1');
  }

  #live(everyMs: number): void {
    this.#cancel = this.#clock.after(everyMs, () => {
      this.#tell('WATCHDOG=1');
      this.#live(everyMs);
    });
  }

  #tell(state: string): void {
    const { NOTIFY_SOCKET, PATH } = this.#environment;
    if (NOTIFY_SOCKET === undefined) return;
    const options = { env: { NOTIFY_SOCKET, PATH }, timeout: limits.supervisorHelperMs };
    execFile(HELPER, [state], options, (error) => {
      if (error !== null) this.#log.error('agent.supervisor_unreachable', { state, reason: error.message });
    });
  }
}
