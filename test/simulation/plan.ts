import { Random } from '../fuzz/random.ts';
import type { Loss } from './crash-image.ts';

/** What people and modules have a node do. Drawn apart from the others, so that a seed keeps what it drew before there were these. */
const ordered = [
  'zeroize',
  'rotate',
  'alarm',
  'put-back',
  'configure',
  'sync-fails',
  'discard',
  'module-jumps',
] as const;

/** The kinds of fault. Each run has some of them, as often as it says. */
export const faultKinds = [
  'reset',
  'partition',
  'one-way',
  'slow',
  'power-cut',
  'cut-in-write',
  'kill',
  'restart',
  'disk-full',
  'new-disk',
  'clock',
  'certificate',
  'module-restart',
  'module-stall',
  'module-unplug',
  'module-lies',
  'module-skips',
  'module-repeats',
  'module-floods',
  'module-noise',
  'application',
  'attacker',
  'destroy',
  ...ordered,
] as const;
export type FaultKind = (typeof faultKinds)[number];

export type Edge = readonly [string, string];

/** What one run is: drawn from its seed alone. */
export type Plan = {
  readonly seed: number;
  readonly nodes: readonly string[];
  /** Neighbours: a Kx connection and a QKD link each. */
  readonly edges: readonly Edge[];
  /** Pairs of nodes further apart that share a relay pool, with the way between them. */
  readonly relays: readonly { readonly from: string; readonly to: string; readonly via: readonly string[] }[];
  /** Pairs of nodes whose applications share key. */
  readonly pairs: readonly Edge[];
  /** Faults in an hour, of each kind that the run has. */
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly minutes: number;
  readonly blockSeconds: number;
  readonly blockUnits: number;
  readonly requestSeconds: number;
  readonly delayMs: number;
  readonly splitPercent: number;
  readonly syncMs: number;
  readonly checkpointCommits: number;
  readonly guarded: boolean;
  readonly loss: Loss;
  readonly driftPpm: readonly number[];
  readonly waterUnits: number;
  /** Where pools are kept small, or key short. */
  readonly pools: PoolPlan | undefined;
};

export type PoolPlan = {
  /** What one direction of a link holds. */
  readonly blocks: number;
  readonly whenFull: 'refuse' | 'oldest_first';
  readonly hours: number;
};

export type PlanOptions = {
  readonly nodes?: number | undefined;
  readonly minutes?: number | undefined;
  /** The kinds of fault that the run has, and often; in place of those that its seed draws. */
  readonly faults?: readonly FaultKind[] | undefined;
};

export function planOf(seed: number, options: PlanOptions = {}): Plan {
  const random = new Random(seed * 7_919 + 17);
  const nodes = [...'ABCDEFGHIJKLMNOP'].slice(0, options.nodes ?? random.pick([2, 3, 3, 4, 5, 5]));
  const edges = tree(nodes, random);
  const ways = nodes.flatMap((from) =>
    nodes.filter((to) => to > from).map((to) => wayBetween(from, to, edges)),
  );
  const far = ways.filter((way) => way.length > 2);
  const relays = far.length === 0 ? [] : draw(far, Math.min(far.length, 1 + random.below(2)), random);
  const shared = [...edges, ...relays.map((way) => [way[0]!, way.at(-1)!] as const)];
  return {
    seed,
    nodes,
    edges,
    relays: relays.map((way) => ({ from: way[0]!, to: way.at(-1)!, via: way.slice(1, -1) })),
    pairs: shared.flatMap(
      ([a, b]) =>
        (random.once(2)
          ? [[a, b]]
          : [
              [a, b],
              [b, a],
            ]) as Edge[],
    ),
    faults: options.faults === undefined ? draftFaults(seed, random) : faultsOf(options.faults, random),
    minutes: options.minutes ?? random.pick([3, 5, 10, 10, 20]),
    blockSeconds: random.pick([2, 5, 10, 20, 30]),
    blockUnits: random.pick([6, 20, 40, 64, 150, 700]),
    requestSeconds: random.pick([0.5, 3, 5, 10, 20]),
    delayMs: random.pick([1, 5, 20, 200]),
    splitPercent: random.pick([0, 2, 30]),
    syncMs: random.pick([0.1, 2, 20, 300]),
    checkpointCommits: random.pick([3, 20, 100, 400]),
    guarded: random.once(3),
    loss: { keptPercent: random.pick([0, 10, 50, 90, 100]), inOrder: random.once(2) },
    driftPpm: nodes.map(() => random.pick([0, 0, 20, -50, 400])),
    waterUnits: random.pick([8, 40, 200]),
    pools: poolsOf(new Random(seed * 4_513 + 5)),
  };
}

function poolsOf(random: Random): PoolPlan | undefined {
  if (!random.once(3)) return undefined;
  return {
    blocks: random.pick([2, 5, 20]),
    whenFull: random.pick(['refuse', 'oldest_first']),
    hours: random.pick([0.1, 0.1, 24]),
  };
}

// Swarm testing: a run that has every fault never gets far enough to need the rare ones.
function draftFaults(seed: number, random: Random): Map<FaultKind, number> {
  const faults = new Map<FaultKind, number>();
  const share = random.pick([2, 3, 5]);
  const apart = new Random(seed * 6_151 + 41);
  for (const kind of faultKinds) {
    const drawn = (ordered as readonly FaultKind[]).includes(kind) ? apart : random;
    const rate = drawn.pick(['new-disk', 'zeroize', 'put-back'].includes(kind) ? [6, 30] : [6, 30, 120, 400]);
    if (drawn.once(share)) faults.set(kind, rate);
  }
  return faults;
}

function faultsOf(kinds: readonly FaultKind[], random: Random): Map<FaultKind, number> {
  return new Map(kinds.map((kind) => [kind, random.pick([120, 400])]));
}

function tree(nodes: readonly string[], random: Random): Edge[] {
  const edges = nodes
    .slice(1)
    .map((node, i) => [nodes[random.once(2) ? i : random.below(i + 1)]!, node] as const);
  const ring = [nodes[0]!, nodes.at(-1)!] as const;
  const isNew = !edges.some(([a, b]) => a === ring[0] && b === ring[1]);
  return nodes.length > 2 && isNew && random.once(3) ? [...edges, ring] : edges;
}

function wayBetween(from: string, to: string, edges: readonly Edge[]): string[] {
  const ways = [[from]];
  const seen = new Set([from]);
  for (const way of ways) {
    const end = way.at(-1)!;
    if (end === to) return way;
    for (const [a, b] of edges) {
      const next = a === end ? b : b === end ? a : undefined;
      if (next === undefined || seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return [];
}

function draw<T>(from: readonly T[], count: number, random: Random): T[] {
  const left = [...from];
  return Array.from({ length: count }, () => left.splice(random.below(left.length), 1)[0]!);
}
