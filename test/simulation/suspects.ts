import type { SimLink } from './sim-link.ts';
import type { SimModule } from './sim-module.ts';
import type { SimNode } from './sim-node.ts';
import type { Timeline } from './timeline.ts';

export type SuspectParts = {
  readonly timeline: Timeline;
  readonly note: (node: string, event: string, details?: string) => void;
};

/** An alarm at one end of a link. */
export type Alarm = {
  readonly link: SimLink;
  readonly module: SimModule;
  readonly node: SimNode;
  readonly peer: string;
};

/** An alarm, or its end, has been heard by then. */
const HEARD_MS = 50;
const AGAIN_MS = 1_000;

/** Key of a link that may not be secret, and the operator who decides what becomes of it. */
export class Suspects {
  readonly #parts: SuspectParts;

  constructor(parts: SuspectParts) {
    this.#parts = parts;
  }

  /** What comes from now on is not used, until an operator says so. */
  alarm({ link, module, node, peer }: Alarm): void {
    module.alarm(true);
    this.#parts.timeline.after(HEARD_MS, () => {
      if (node.isHolding(peer)) link.held(node.id);
    });
  }

  /** The operator has what is held used, or destroyed, and the alarm is over. */
  over({ link, module, node, peer }: Alarm, how: 'alarm' | 'discard'): void {
    const release = () => {
      module.alarm(false);
      // Where the rule is the end of the alarm, nobody waits for the operator.
      link.released(node.id);
      this.#parts.timeline.after(HEARD_MS, () => this.release(link, node, peer));
    };
    if (how === 'alarm') return release();
    const orders = () => {
      const numbers = link.suspects(node.id);
      return () => {
        link.discarded(node.id, numbers);
        release();
      };
    };
    this.#order(node, peer, 'discard', orders);
  }

  release(link: SimLink, node: SimNode, peer: string): void {
    this.#order(node, peer, 'release', () => {
      link.released(node.id);
      return () => {};
    });
  }

  // Until an agent that runs has done so. `orders` is told each time, and what it gives back when it is done.
  #order(node: SimNode, peer: string, what: 'release' | 'discard', orders: () => () => void): void {
    const { timeline, note } = this.#parts;
    let isDone = false;
    const order = () => {
      if (isDone) return;
      const done = orders();
      const said = ({ text }: { readonly text: string }) => {
        if (isDone) return;
        isDone = true;
        note(node.id, `${what} is done`, text);
        done();
      };
      node.controlled?.order(peer, what).then(said, () => {});
      timeline.after(AGAIN_MS, order);
    };
    order();
  }
}
