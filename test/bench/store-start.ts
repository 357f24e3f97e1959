import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { benchFolder } from '../../src/bench/bench-store.ts';
import type { BenchContext, Benchmark, Opened } from '../../src/bench/harness.ts';
import { type Helper, startHelper } from './processes.ts';
import type { OpenAnswer, OpenMessage } from './store-open.ts';

const SMALL_BYTES = 128;
const LONG_BYTES = 1 << 20;
const GIB_BLOCKS = 1_024;

/** What it takes to open a store, in a process of its own each time: by how many blocks it has, and by how much key. */
export const startBenchmarks: readonly Benchmark[] = [
  { name: 'open-1g', unit: 'ms', better: 'less', target: 1, open: openGiB },
  ...[1_000, 100_000].flatMap((blocks): Benchmark[] => [
    {
      name: `open-${blocks}`,
      unit: 'ms',
      better: 'less',
      target: null,
      open: (c) => byBlocks(c, blocks, 'ms'),
    },
    {
      name: `open-${blocks}-memory`,
      unit: 'MiB',
      better: 'less',
      target: null,
      open: (c) => byBlocks(c, blocks, 'bytes'),
    },
  ]),
];

/** 1 GiB of key, against the second in which the node is to be ready. */
async function openGiB(context: BenchContext): Promise<Opened> {
  const store = await filled(context, GIB_BLOCKS, LONG_BYTES);
  return {
    sides: [
      { name: 'keyferry', measure: async () => (await store.opened()).ms },
      { name: 'asked for', measure: async () => 1_000 },
    ],
    close: store.close,
  };
}

async function byBlocks(context: BenchContext, blocks: number, figure: 'ms' | 'bytes'): Promise<Opened> {
  const many = await filled(context, blocks, SMALL_BYTES);
  const few = await filled(context, 10, SMALL_BYTES);
  const of = async ({ opened }: Filled): Promise<number> => {
    const { ms, bytes } = await opened();
    return figure === 'ms' ? ms : bytes / (1 << 20);
  };
  return {
    sides: [
      { name: `${blocks} blocks`, measure: () => of(many) },
      { name: '10 blocks', measure: () => of(few) },
    ],
    close: async () => void (await Promise.all([many.close(), few.close()])),
  };
}

type Filled = { opened(): Promise<OpenAnswer>; close(): Promise<void> };

async function filled(context: BenchContext, blocks: number, bytes: number): Promise<Filled> {
  context.progress(`filling a store with ${blocks} blocks of ${bytes} bytes`);
  const directory = benchFolder(context);
  const path = join(directory, 'keys.sqlite');
  await asked({ what: 'fill', path, blocks, bytes });
  return {
    opened: () => asked({ what: 'open', path }),
    close: async () => rmSync(directory, { recursive: true, force: true }),
  };
}

async function asked(message: OpenMessage): Promise<OpenAnswer> {
  const helper: Helper = startHelper(new URL('store-open.ts', import.meta.url));
  try {
    return await helper.ask<OpenAnswer>(message);
  } finally {
    await helper.close();
  }
}
