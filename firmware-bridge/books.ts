import { assert } from '../src/errors.ts';
import { limits } from '../src/limits.ts';
import type { Acknowledge, Pong } from './message.ts';

/** What became of a delivered block. */
export type Verdict = { readonly stored: true } | { readonly stored: false; readonly reason: string };

/** How much may be with the agent at once, in parts. */
export type Window = {
  /** Sent and not received. */
  readonly underWay: number;
  /** Received or under way, and not answered: at least the parts of one longest block. */
  readonly unanswered: number;
};

type Ping = { readonly token: number; readonly answered: number; readonly granted: number };

/**
 * What the agent counts within one opening: parts granted and received, blocks answered, and what it had told the module at
 * each ping. A message lost on the line shows as a difference between these books and the module's.
 */
export class AgentBooks {
  readonly #window: Window;
  /** Blocks delivered and not yet answered, and their parts. */
  readonly #delivered = new Map<number, number>();
  #answers: { number: number; verdict: Verdict }[] = [];
  #granted = 0;
  /** Parts. */
  #received = 0;
  /** Blocks whose answers were sent. */
  #answered = 0;
  /** Parts of blocks that were answered. */
  #answeredParts = 0;
  #pings: Ping[] = [];

  constructor(window: Window) {
    this.#window = window;
  }

  get pingsOut(): number {
    return this.#pings.length;
  }

  /** Counts a part that came; the fault when it may not have come. */
  receive(number: number): string | undefined {
    if (this.#received >= this.#granted) return `block ${number} came without credit`;
    if (this.#delivered.has(number)) return `block ${number} came twice`;
    this.#received += 1;
    return undefined;
  }

  /** Notes that all `parts` of a block came, and that it waits for an answer; the fault when too many do. */
  deliver(number: number, parts: number): string | undefined {
    if (this.#delivered.size >= limits.moduleBlocksUnansweredMax) {
      return `${this.#delivered.size} blocks and one more have no answer`;
    }
    this.#delivered.set(number, parts);
    return undefined;
  }

  /** A second answer for the same delivery changes nothing. */
  answer(number: number, verdict: Verdict): void {
    const parts = this.#delivered.get(number);
    if (parts === undefined) return;
    this.#delivered.delete(number);
    this.#answeredParts += parts;
    this.#answers.push({ number, verdict });
  }

  /** The messages that tell the module of all answers since the last call; each fits a module's small buffer. */
  takeAnswers(): Acknowledge[] {
    const messages: Acknowledge[] = [];
    let stored: number[] = [];
    for (const { number, verdict } of this.#answers) {
      if (verdict.stored) stored.push(number);
      else
        messages.push({ type: 'acknowledge', stored: [], refused: { number, reason: line(verdict.reason) } });
      if (stored.length < limits.bridgeAnswersMax) continue;
      messages.push({ type: 'acknowledge', stored });
      stored = [];
    }
    if (stored.length > 0) messages.push({ type: 'acknowledge', stored });
    this.#answered += this.#answers.length;
    this.#answers = [];
    return messages;
  }

  /**
   * Whether enough came or was answered that more credit is worth a message. Where the module has little left, any is: what it waits for may be
   * all that is missing of a block, and nothing else is answered before that one.
   */
  grantDue(): boolean {
    const more = this.#grantable() - this.#granted;
    const step = Math.max(1, this.#window.underWay >> 2);
    return more >= step || (more > 0 && this.#granted - this.#received < step);
  }

  /** The credit to send. */
  grant(): number {
    this.#granted = this.#grantable();
    assert(this.#granted - this.#received <= this.#window.underWay, 'credit beyond the window');
    return this.#granted;
  }

  #grantable(): number {
    const { underWay, unanswered } = this.#window;
    return Math.min(this.#received + underWay, this.#answeredParts + unanswered);
  }

  ping(token: number): number {
    this.#pings.push({ token, answered: this.#answered, granted: this.#granted });
    return token;
  }

  /** What differs between the module's books and ours; undefined when nothing does, or when the ping is not ours. */
  compare(pong: Pong): string | undefined {
    const at = this.#pings.findIndex((ping) => ping.token === pong.token);
    const ping = this.#pings[at];
    if (ping === undefined) return undefined;
    this.#pings = this.#pings.slice(at + 1);
    if (pong.partsSent !== this.#received) return `${pong.partsSent} parts sent, ${this.#received} received`;
    if (pong.blocksAnswered !== ping.answered) {
      return `${ping.answered} answers sent, ${pong.blocksAnswered} received`;
    }
    if (pong.credit !== ping.granted) return `credit of ${ping.granted} sent, ${pong.credit} received`;
    return undefined;
  }
}

/** `text` as one line that fits the field. */
function line(text: string): string {
  const printable = text.replace(/[^\x20-\x7e]/g, '?');
  return printable.slice(0, limits.bridgeTextBytesMax);
}
