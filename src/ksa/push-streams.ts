import type { Clock } from '../env/clock.ts';
import { limits } from '../limits.ts';
import type { ApplicationPair, SuppliedKey } from './key-supply.ts';
import { Turns } from './turns.ts';

/** An open stream to an application, over which keys are pushed. */
export interface KeyStream {
  /** Whether it still stands, and its application may have key. */
  readonly open: boolean;
  /**
   * Hands over keys, which are burnt already. They are wiped, whatever happens.
   * @returns whether the socket took them all; what it did not take is lost. Never rejects
   */
  write(keys: readonly SuppliedKey[]): Promise<boolean>;
  /** Ends it, after what has been handed over. */
  end(): void;
}

/** A stream, and the turns of those who push over it. */
export type PushLine = { readonly stream: KeyStream; readonly turns: Turns };

/** The streams that applications hold open: one for each pair of master and slave, the newest. */
export class PushStreams {
  readonly #clock: Clock;
  /** By slave, then by master. */
  readonly #lines = new Map<string, Map<string, PushLine>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    let size = 0;
    for (const ofSlave of this.#lines.values()) size += ofSlave.size;
    return size;
  }

  /** Takes in a stream; one of the same pair is ended. @returns false when the slave has as many as it may */
  add({ masterSaeId, slaveSaeId }: ApplicationPair, stream: KeyStream): boolean {
    const ofSlave = this.#lines.get(slaveSaeId) ?? new Map<string, PushLine>();
    const before = ofSlave.get(masterSaeId);
    if (before === undefined && ofSlave.size >= limits.supplyStreamsPerApplicationMax) return false;
    const turns = new Turns(this.#clock, {
      atOnce: limits.supplyPushesUnderwayMax,
      waitingMax: limits.supplyPushesWaitingMax,
      waitMs: limits.supplyPushMs,
    });
    this.#lines.set(slaveSaeId, ofSlave.set(masterSaeId, { stream, turns }));
    before?.stream.end();
    return true;
  }

  /** Forgets a stream that has ended. */
  remove({ masterSaeId, slaveSaeId }: ApplicationPair, stream: KeyStream): void {
    const ofSlave = this.#lines.get(slaveSaeId);
    if (ofSlave?.get(masterSaeId)?.stream !== stream) return;
    ofSlave.delete(masterSaeId);
    if (ofSlave.size === 0) this.#lines.delete(slaveSaeId);
  }

  of({ masterSaeId, slaveSaeId }: ApplicationPair): PushLine | undefined {
    return this.#lines.get(slaveSaeId)?.get(masterSaeId);
  }

  endAll(): void {
    for (const ofSlave of [...this.#lines.values()])
      for (const { stream } of [...ofSlave.values()]) stream.end();
  }
}
