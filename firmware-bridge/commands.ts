import { assert } from '../src/errors.ts';
import { limits } from '../src/limits.ts';
import type { Action, Command, CommandResult, Outcome, Zeroize, Zeroized } from './message.ts';

/** What an operator may have a module do. */
export type Order = Action | 'zeroize';
export type OrderResult = { readonly outcome: Outcome; readonly text: string };

/** The one order that is under way, until it is answered, the opening ends or its time is up. */
export class AgentCommands {
  #underWay: { readonly order: Order; readonly token: number; readonly sinceMs: number } | undefined;

  /** The message that gives the order. */
  begin(order: Order, token: number, nowMs: number): Command | Zeroize {
    assert(this.#underWay === undefined, 'two orders at once');
    this.#underWay = { order, token, sinceMs: nowMs };
    return order === 'zeroize' ? { type: 'zeroize', token } : { type: 'command', token, action: order };
  }

  /** An answer to anything else than the order under way says nothing. */
  result({ token, outcome, text }: CommandResult): OrderResult | undefined {
    const { order } = this.#underWay ?? {};
    return order !== 'zeroize' && this.#finish(token) ? { outcome, text } : undefined;
  }

  zeroized({ token, blocks }: Zeroized): OrderResult | undefined {
    const { order } = this.#underWay ?? {};
    const mine = order === 'zeroize' && this.#finish(token);
    return mine ? { outcome: 'done', text: `${blocks} blocks were wiped` } : undefined;
  }

  tick(nowMs: number): OrderResult | undefined {
    const { sinceMs } = this.#underWay ?? {};
    if (sinceMs === undefined || nowMs - sinceMs < limits.bridgeCommandMs) return undefined;
    return this.end('the module did not answer in time');
  }

  end(reason: string): OrderResult | undefined {
    if (this.#underWay === undefined) return undefined;
    this.#underWay = undefined;
    return { outcome: 'failed', text: reason };
  }

  #finish(token: number): boolean {
    if (this.#underWay?.token !== token) return false;
    this.#underWay = undefined;
    return true;
  }
}
