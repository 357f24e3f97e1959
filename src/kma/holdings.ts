import type { Clock } from '../env/clock.ts';
import type { Log } from '../env/log.ts';
import { type Holdings, readHoldings, writeHoldings } from '../kx/codec/holdings.ts';
import { whyMalformed } from '../kx/decode/why-malformed.ts';
import type { Peer } from '../kx/peer/peer.ts';
import { TokenBucket } from '../kx/peer/token-bucket.ts';
import type { Message } from '../kx/session/session.ts';
import { limits } from '../limits.ts';
import type { Block } from '../store/block.ts';
import type { KeyStore } from '../store/key-store.ts';

/** Key that the far end has seen used and this node's store holds for unused. */
export type Contradiction = {
  readonly peer: string;
  readonly number: number;
  readonly seen: number;
  readonly burnt: number;
};

/**
 * Tells a neighbour what has become of the blocks from which it takes key, and hears the same of this node's own. What the neighbour has no more is of
 * no use here either. What it has seen used and the store does not know of was burnt in a later life of the store: it has been put back from a copy.
 */
export class HoldingsExchange {
  readonly #peer: Peer;
  readonly #store: KeyStore;
  readonly #linked: boolean;
  readonly #log: Log;
  readonly #onContradiction: (found: Contradiction) => void;
  readonly #clock: Clock;
  readonly #heard: TokenBucket;

  /** @param linked whether a QKD link leads to the peer, so that each direction has every second number */
  constructor(
    peer: Peer,
    linked: boolean,
    store: KeyStore,
    clock: Clock,
    log: Log,
    onContradiction: (found: Contradiction) => void,
  ) {
    this.#peer = peer;
    this.#linked = linked;
    this.#store = store;
    this.#log = log.with({ peer: peer.kmaId });
    this.#onContradiction = onContradiction;
    this.#clock = clock;
    this.#heard = new TokenBucket(limits.holdingsBurst, limits.holdingsPerSecond, clock.monotonicMs());
  }

  /** How far numbers of one direction are apart. */
  get #step(): number {
    return this.#linked ? 2 : 1;
  }

  /** Tells now, when the peer is up. */
  tell(): void {
    if (!this.#peer.up) return;
    const holdings = this.#holdings();
    if (holdings.used.length + holdings.gone.length + holdings.marks.length === 0) return;
    this.#peer.send(writeHoldings(holdings));
  }

  #holdings(): Holdings {
    const remote = this.#peer.kmaId;
    const { selectUsed, selectGone } = this.#store.statements;
    const { theirs } = this.#store.pool(remote);
    // Relayed blocks of before there was a link may lie between.
    const isLive = (number: number) => theirs.has(number);
    const ranges = (statement: typeof selectUsed) =>
      rangesOf(numbersOf(statement.iterate(remote)), this.#step, isLive);
    const marks = [...this.#store.pool(remote).theirs.values()]
      .filter(({ usedCount }) => usedCount > 0)
      .map((block) => [block.number, block.seenUpTo] as const);
    return { used: ranges(selectUsed), gone: ranges(selectGone), marks: marks.slice(-limits.holdingsMax) };
  }

  /** Useless blocks are out of use when it resolves, a condemned store durably so; what becomes of their rows follows. */
  async onMessage(message: Message): Promise<void> {
    const holdings = readHoldings(message.payload);
    if (holdings === undefined) return this.#refuse(whyMalformed(message, this.#peer.spotless));
    // One left out is made up for: who sends so many is cut off in the end, and says all anew when it is back.
    if (!this.#heard.take(this.#clock.monotonicMs())) return this.#refuse('they come too often');
    const { contradiction, useless } = judge(
      this.#store.pool(this.#peer.kmaId).own.values(),
      holdings,
      this.#step,
    );
    if (contradiction !== undefined)
      return this.#onContradiction({ peer: this.#peer.kmaId, ...contradiction });
    if (useless.length === 0) return;
    this.#log.warn('kma.blocks.gone_there', { blocks: useless.length });
    // Out of use at once. On a disk that takes nothing now they go later; until then the next holdings would say the same.
    for (const block of useless) this.#store.destroyLater(block, 'forgotten');
  }

  #refuse(reason: string): void {
    this.#log.warn('kx.message.malformed', { command: 'holdings', reason });
    this.#peer.malformed();
  }
}

export type Judgement = {
  /** The first own block of which the far end has seen more used than was burnt here. */
  readonly contradiction: Omit<Contradiction, 'peer'> | undefined;
  /** Own blocks that the far end has no more, or of which it may have lost some that was never used. */
  readonly useless: readonly Block[];
};

/** What the far end's holdings mean for own blocks. */
export function judge(own: Iterable<Block>, { used, gone, marks }: Holdings, step: number): Judgement {
  const seen = new Map(marks);
  const [isUsed, isGone] = [liesIn(used, step), liesIn(gone, step)];
  const useless: Block[] = [];
  for (const block of own) {
    if (block.state !== 'ready') continue;
    const { number, units, burntTo } = block;
    const seenTo = Math.min(isUsed(number) ? units : (seen.get(number) ?? 0), units);
    // Of relayed blocks a crash at the far end costs what it had burnt ahead: that was never used, and looks as if it were.
    const ahead = block.origin === 'relay' ? limits.openAheadUnitsMax : 0;
    if (seenTo > burntTo + ahead)
      return { contradiction: { number, seen: seenTo, burnt: burntTo }, useless: [] };
    if (seenTo > burntTo || isGone(number)) useless.push(block);
  }
  return { contradiction: undefined, useless };
}

/** Whether a number lies in one of many ranges, in a few steps however many there are. */
function liesIn(ranges: Holdings['used'], step: number): (number: number) => boolean {
  // Those of one remainder do not lie between those of another.
  const byRemainder = Array.from({ length: step }, (_, remainder) =>
    ranges.filter(([from]) => from % step === remainder).sort(([a], [b]) => a - b),
  );
  return (number) => {
    const sorted = byRemainder[number % step]!;
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sorted[middle]![0] <= number) low = middle + 1;
      else high = middle;
    }
    const last = sorted[low - 1];
    return last !== undefined && number <= last[1];
  };
}

function* numbersOf(rows: Iterable<Record<string, unknown>>): Iterable<number> {
  for (const row of rows) yield row['number'] as number;
}

/** Numbers, highest first, as ranges of neighbours that are `step` apart with nothing live between; the highest ranges when there are too many. */
export function rangesOf(
  numbers: Iterable<number>,
  step: number,
  isLive: (number: number) => boolean = () => false,
): [number, number][] {
  const ranges: [number, number][] = [];
  let last: [number, number] | undefined;
  for (const number of numbers) {
    const joins = last !== undefined && last[0] - step === number && (step === 1 || !isLive(number + 1));
    if (joins) last![0] = number;
    else if (ranges.length === limits.holdingsMax) break;
    else {
      last = [number, number];
      ranges.push(last);
    }
  }
  return ranges;
}
