import { assert } from '../src/errors.ts';
import { limits } from '../src/limits.ts';
import type { Acknowledge, Pong } from './message.ts';

/** What became of a delivered block. */
export type Verdict = { readonly stored: true } | { readonly stored: false; readonly reason: string };

type Ping = { readonly token: number; readonly answered: number; readonly granted: number };

/**
 * What the agent counts within one opening: blocks granted, received and answered, and what it had told the module at
 * each ping. A message lost on the line shows as a difference between these books and the module's.
 */
export class AgentBooks {
  readonly #window: number;
  /** Delivered and not yet answered. */
  readonly #underWay = new Set<number>();
  #answers: { number: number; verdict: Verdict }[] = [];
  #granted = 0;
  #received = 0;
  /** Blocks whose answers were sent. */
  #answered = 0;
  #pings: Ping[] = [];

  constructor(windowBlocks: number) {
    this.#window = windowBlocks;
  }

  get pingsOut(): number {
    return this.#pings.length;
  }

  /** Counts a block that came; the fault when it may not have come. */
  receive(number: number): string | undefined {
    if (this.#received >= this.#granted) return `block ${number} came without credit`;
    if (this.#underWay.has(number)) return `block ${number} came twice`;
    this.#received += 1;
    this.#underWay.add(number);
    return undefined;
  }

  /** A second answer for the same delivery changes nothing. */
  answer(number: number, verdict: Verdict): void {
    if (this.#underWay.delete(number)) this.#answers.push({ number, verdict });
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

  /** Whether enough was answered that more credit is worth a message. */
  grantDue(): boolean {
    return this.#answered + this.#window - this.#granted >= Math.max(1, this.#window >> 2);
  }

  /** The credit to send: at most a window of blocks is ever under way. */
  grant(): number {
    this.#granted = this.#answered + this.#window;
    assert(this.#granted - this.#received <= this.#window, 'credit beyond the window');
    return this.#granted;
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
    if (pong.blocksSent !== this.#received)
      return `${pong.blocksSent} blocks sent, ${this.#received} received`;
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
