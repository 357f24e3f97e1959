import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export type Sample = {
  readonly kmaId: string;
  readonly memoryMiB: number;
  readonly files: number;
  readonly diskMiB: number;
};

/** What a node uses now: resident memory, open files, and all of its folder. */
export function sampleOf(kmaId: string, pid: number, folder: string): Sample {
  const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  const disk = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0);
  return {
    kmaId,
    memoryMiB: Number(resident) / 1_024,
    files: readdirSync(`/proc/${pid}/fd`).length,
    diskMiB: disk / 2 ** 20,
  };
}

/** Much more in the last third than in the middle one is growth; the first third fills pools and warms up. */
const FACTOR = 1.1;
/** As much as may come and go anyhow. */
const SLACK = { memoryMiB: 8, files: 4, diskMiB: 4 } as const;

function quantile(values: number[], share: number): number {
  values.sort((x, y) => x - y);
  return values[Math.floor((values.length - 1) * share)] ?? Number.NaN;
}

export type Verdict = { readonly flat: boolean; readonly lines: readonly string[] };

export function verdictOf(samples: readonly Sample[], kmaIds: readonly string[]): Verdict {
  const lines: string[] = [];
  let flat = samples.length >= 3 * kmaIds.length;
  for (const kmaId of kmaIds) {
    const own = samples.filter((sample) => sample.kmaId === kmaId);
    const third = Math.floor(own.length / 3);
    for (const what of ['memoryMiB', 'files', 'diskMiB'] as const) {
      // Of memory what stays after collections: how much lies about before one says nothing of what is kept.
      const [share, word] = what === 'memoryMiB' ? [0.25, 'mostly'] : [1, 'at most'];
      const within = (from: number, to: number) =>
        quantile(
          own.slice(from, to).map((one) => one[what]),
          share,
        );
      const [middle, last] = [within(third, 2 * third), within(2 * third, own.length)];
      const grows = last > middle * FACTOR + SLACK[what];
      if (grows) flat = false;
      lines.push(
        `${kmaId}  ${what}: ${word} ${middle.toFixed(1)} in the middle third, ${last.toFixed(1)} in the last${grows ? '  GROWS' : ''}`,
      );
    }
  }
  return { flat, lines };
}
