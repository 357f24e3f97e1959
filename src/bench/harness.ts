/** One of the ways whose figures are compared. All sides of a benchmark do the same work for the same client. */
export type Side = {
  readonly name: string;
  /** Runs once and gives its figure in the benchmark's unit. */
  measure(): Promise<number>;
};

/** What a benchmark has started. The first side is ours; the second is the one it is held against. */
export type Opened = { readonly sides: readonly [Side, Side, ...Side[]]; close(): Promise<void> };

export type Benchmark = {
  readonly name: string;
  readonly unit: string;
  readonly better: 'more' | 'less';
  /** The ratio of ours to the other's that we aim for: a least one where more is better, else a most one. */
  readonly target: number | null;
  open(context: BenchContext): Promise<Opened>;
};

export type BenchContext = {
  /** Shorter rounds and fewer: whether it runs at all, not how fast it is. */
  readonly quick: boolean;
  /** Where folders for what is measured on a disk are made. */
  readonly directory: string;
  /** How long one measurement should take. */
  readonly roundMs: number;
  /** A line for the person who waits. */
  progress(text: string): void;
  /** Makes a thing once for all benchmarks that ask for it by this name; it is closed after the last benchmark. */
  shared<T extends { close(): Promise<void> }>(name: string, make: () => Promise<T>): Promise<T>;
};

/** The members are the file format of `--json`, in this order. */
export type Result = {
  readonly name: string;
  /** Median over the rounds of our side. */
  readonly value: number;
  readonly unit: string;
  /** Median over the rounds of the side compared with. */
  readonly against: number;
  readonly ratio: number;
  readonly target: number | null;
  readonly met: boolean;
};

export type Rounds = {
  readonly quick: boolean;
  readonly directory: string;
  /** Aborted when no more is to be begun. */
  readonly stop: AbortSignal;
  progress(text: string): void;
};

/**
 * Runs benchmarks one after the other. One that fails is reported by `failed` and leaves no result; the others still
 * run. Everything that was started is closed before this resolves.
 */
export async function runBenchmarks(
  benchmarks: readonly Benchmark[],
  { quick, directory, stop, progress }: Rounds,
  failed: (name: string, error: unknown) => void,
): Promise<Result[]> {
  const made = new Map<string, Promise<{ close(): Promise<void> }>>();
  const context: BenchContext = {
    quick,
    directory,
    roundMs: quick ? 700 : 2_500,
    progress,
    async shared<T extends { close(): Promise<void> }>(name: string, make: () => Promise<T>): Promise<T> {
      const known = made.get(name) ?? make();
      made.set(name, known);
      return (await known) as T;
    },
  };
  const results: Result[] = [];
  try {
    for (const benchmark of benchmarks) {
      if (stop.aborted) break;
      try {
        const result = await runOne(benchmark, context, quick ? 3 : 7, stop);
        if (result !== undefined) results.push(result);
      } catch (error) {
        failed(benchmark.name, error);
      }
    }
  } finally {
    for (const one of [...made.values()].reverse()) {
      await one.then(
        (shared) => shared.close(),
        // Whoever asked for it has reported why it could not be made.
        () => undefined,
      );
    }
  }
  return results;
}

/** The sides take turns, and who begins changes with every round, so that a slow moment of the machine hits all. @returns undefined when it was stopped */
async function runOne(
  benchmark: Benchmark,
  context: BenchContext,
  rounds: number,
  stop: AbortSignal,
): Promise<Result | undefined> {
  const { name, unit } = benchmark;
  const opened = await benchmark.open(context);
  const figures = opened.sides.map((): number[] => []);
  try {
    // Code runs slowly until the engine has compiled what is hot: each side's first time does not count.
    for (const side of opened.sides) if (!stop.aborted) await side.measure();
    for (let round = 0; round < rounds; round++) {
      const order = opened.sides.map((_, index) => index);
      if (round % 2 === 1) order.reverse();
      for (const index of order) {
        if (stop.aborted) return undefined;
        figures[index]!.push(await opened.sides[index]!.measure());
      }
      const line = opened.sides.map((side, index) => `${side.name} ${shown(figures[index]!.at(-1)!)}`);
      context.progress(`${name}  ${round + 1}/${rounds}  ${line.join('   ')}   ${unit}`);
    }
  } finally {
    await opened.close();
  }
  for (const [index, side] of opened.sides.entries()) {
    const [least, most] = [Math.min(...figures[index]!), Math.max(...figures[index]!)];
    context.progress(
      `${name}  ${side.name}: median ${shown(median(figures[index]!))}, ${shown(least)} to ${shown(most)} ${unit}`,
    );
  }
  return resultOf(benchmark, median(figures[0]!), median(figures[1]!));
}

export function resultOf({ name, unit, better, target }: Benchmark, value: number, against: number): Result {
  const ratio = value / against;
  const met = target === null || (better === 'more' ? ratio >= target : ratio <= target);
  return { name, value: rounded(value), unit, against: rounded(against), ratio: rounded(ratio), target, met };
}

export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Four digits say all that such a measurement knows. */
function rounded(figure: number): number {
  return Number(figure.toPrecision(4));
}

function shown(figure: number): string {
  return rounded(figure).toLocaleString('en-US');
}

export function tableOf(results: readonly Result[]): string {
  const rows = [['benchmark', 'ours', 'against', 'unit', 'ratio', 'target', '']];
  for (const { name, value, unit, against, ratio, target, met } of results) {
    const verdict = target === null ? '' : met ? 'met' : 'missed';
    rows.push([
      name,
      shown(value),
      shown(against),
      unit,
      ratio.toFixed(2),
      target?.toFixed(2) ?? '–',
      verdict,
    ]);
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
