import { command } from '../codec/header.ts';
import type { Effect, Message } from './session.ts';

const COMMANDS: ReadonlySet<number> = new Set([
  command.keyRelay,
  command.keyRelayCompletion,
  command.keySupply,
  command.keySupplyResponse,
]);

/** The four commands of Q.4163 Table I.1, all that a plain peer may send. */
export function isPlainCommand(code: number): boolean {
  return COMMANDS.has(code);
}

/**
 * One connection with a plain Q.4163 peer: no greeting and no liveness messages, since the Recommendation has none; what is dead is found by
 * TCP keep-alive. Message IDs of the peer are taken as they come: the Recommendation asks that they be unique, not in which order.
 */
export class PlainSession {
  #lastSentId = 0;

  start(): Effect[] {
    return [{ do: 'up', hello: undefined }];
  }

  /** See `Session.nextMessageId`. */
  nextMessageId(): number | undefined {
    if (this.#lastSentId === 0xffff_ffff) return undefined;
    this.#lastSentId += 1;
    return this.#lastSentId;
  }

  receive(message: Message): Effect[] {
    return [{ do: 'deliver', message }];
  }

  tick(): Effect[] {
    return [];
  }
}
