import { limits } from '../../limits.ts';
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

/** What the other end has to answer. */
const REQUESTS: ReadonlySet<number> = new Set([command.keyRelay, command.keySupply]);

/**
 * One connection with a plain Q.4163 peer: no greeting and no liveness messages, since the Recommendation has none. A dead host is found by
 * TCP keep-alive; a dead key manager by its saying nothing at all when it owes an answer. Message IDs of the peer are taken as they come:
 * the Recommendation asks that they be unique, not in which order.
 */
export class PlainSession {
  #lastSentId: number;
  /** When the oldest request was sent since the peer was last heard. */
  #askedMs: number | undefined;

  /** @param lastSentId message ID that counts as given; a new connection has none */
  constructor(lastSentId = 0) {
    this.#lastSentId = lastSentId;
  }

  start(): Effect[] {
    return [{ do: 'up', hello: undefined }];
  }

  /** See `Session.nextMessageId`. */
  nextMessageId(): number | undefined {
    if (this.#lastSentId === 0xffff_ffff) return undefined;
    this.#lastSentId += 1;
    return this.#lastSentId;
  }

  /** A message with this command code was sent. */
  sent(code: number, nowMs: number): void {
    if (REQUESTS.has(code)) this.#askedMs ??= nowMs;
  }

  /** The peer shows that it is alive. */
  heard(_nowMs: number): void {
    this.#askedMs = undefined;
  }

  receive(message: Message): Effect[] {
    this.#askedMs = undefined;
    return [{ do: 'deliver', message }];
  }

  tick(nowMs: number): Effect[] {
    if (this.#askedMs === undefined || nowMs - this.#askedMs < limits.kxAnswerMs) return [];
    this.#askedMs = undefined;
    return [{ do: 'close', reason: 'the peer was asked and has said nothing since' }];
  }
}
