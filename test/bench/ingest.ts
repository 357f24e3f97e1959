import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchContext, Benchmark, Opened } from '../../src/bench/harness.ts';
import { Lab } from '../../src/cli/demo/lab.ts';
import { buildC, whyNoC } from '../firmware-bridge/c-build.ts';
import { catOfPipe, catOfTerminal } from './ingest-far-end.ts';
import type { Ingested, IngestMessage } from './ingest-node.ts';
import { type Helper, type Started, startHelper, startProgram } from './processes.ts';

const BLOCK_BYTES = 65_536;
/** More a second than can be stored. */
const FLOOD = 640;
/** 150 Mbit/s. */
const STEADY = 150e6 / 8 / BLOCK_BYTES;
const CAT_BYTES = 32 << 20;
/** What comes first is not counted: the module has waited, and has blocks for a while. */
const SETTLE_MS = 500;

/**
 * From port to durable and acknowledged, in an agent as a whole with the module in C at the far end, over a channel. Against `cat` on
 * the same kind of port, which keeps nothing; and, at 150 Mbit/s, by processor time.
 */
export const ingestBenchmarks: readonly Benchmark[] = [
  {
    name: 'ingest-stdio',
    unit: 'MB/s',
    better: 'more',
    target: null,
    open: (context) => flood(context, 'stdio'),
  },
  { name: 'ingest-tty', unit: 'MB/s', better: 'more', target: 0.8, open: (context) => flood(context, 'tty') },
  { name: 'ingest-core', unit: 'Mbit/s of key a core', better: 'more', target: 1, open: steady },
];

type Port = 'stdio' | 'tty';
export type Ingest = { readonly lab: Lab; readonly node: Helper; close(): Promise<void> };

async function flood(context: BenchContext, port: Port): Promise<Opened> {
  const { lab, node, close } = await startWithModule(port, FLOOD);
  const file = join(lab.directory, 'bytes');
  writeFileSync(file, randomBytes(CAT_BYTES));
  const ours = async () => {
    const { keyBytes, ms } = await moved(node, context.roundMs);
    return keyBytes / ms / 1_000;
  };
  // Halted, the agent gives no credit, and the module waits.
  const cat = async () => {
    node.run(false);
    const rate = await (port === 'stdio' ? catOfPipe(file) : catOfTerminal(file, lab.directory));
    node.run(true);
    return rate;
  };
  return {
    sides: [
      { name: 'keyferry', measure: ours },
      { name: 'cat', measure: cat },
    ],
    close,
  };
}

async function steady(context: BenchContext): Promise<Opened> {
  const { node, close } = await startWithModule('stdio', STEADY);
  let most = 0;
  const ours = async () => {
    const { keyBytes, cpuMs, ms, memoryBytes } = await moved(node, context.roundMs);
    most = Math.max(most, memoryBytes);
    const rate = (keyBytes * 8) / ms / 1_000;
    context.progress(`ingest-core  ${rate.toFixed(0)} Mbit/s of key, at most ${most >> 20} MiB of memory`);
    return (keyBytes * 8) / cpuMs / 1_000;
  };
  return {
    sides: [
      { name: 'keyferry', measure: ours },
      { name: 'asked for', measure: async () => 150 },
    ],
    close,
  };
}

async function startWithModule(port: Port, blocksPerSecond: number): Promise<Ingest> {
  const missing = whyNoC();
  if (missing !== false) throw new Error(missing);
  const { module: program } = await buildC('-O2', ['module']);
  return startIngest((lab) => {
    const { config } = lab.node('A');
    const { tty, key } = lab.modules.find(({ kmaId }) => kmaId === 'A')!;
    const words = [
      ...['--seed', 'k', '--link-id', 'ab', '--role', 'tx', '--module-key', key, '--buffer-blocks', '256'],
      ...['--block-bytes', `${BLOCK_BYTES}`, '--blocks-per-second', `${blocksPerSecond}`],
    ];
    if (port === 'tty') return startProgram(program, [...words, '--pty', tty]);
    takeProgram(config, tty, [program, ...words, '--stdio']);
    return undefined;
  });
}

/** An agent whose module `prepare` puts at its far end; whatever it has started is closed last. */
export async function startIngest(prepare: (lab: Lab) => Started | undefined): Promise<Ingest> {
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-bench-ingest-'));
  const node = startHelper(new URL('./ingest-node.ts', import.meta.url), true);
  let module: Started | undefined;
  const close = async (): Promise<void> => {
    await node.close();
    await module?.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const lab = await Lab.make(folder);
    module = prepare(lab);
    await node.ask({ what: 'start', config: lab.node('A').config } satisfies IngestMessage);
    return { lab, node, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function takeProgram(config: string, tty: string, command: readonly string[]): void {
  const text = readFileSync(config, 'utf8')
    .replace('driver: bridge-serial', 'driver: exec')
    .replace(`path: ${tty}`, `program: ${JSON.stringify(command)}`);
  writeFileSync(config, text);
}

async function moved(node: Helper, roundMs: number): Promise<Ingested & { readonly ms: number }> {
  const now = () => node.ask<Ingested>({ what: 'used' } satisfies IngestMessage);
  await sleep(SETTLE_MS);
  const before = await now();
  const startMs = performance.now();
  await sleep(roundMs);
  const after = await now();
  const ms = performance.now() - startMs;
  const keyBytes = after.keyBytes - before.keyBytes;
  if (keyBytes === 0) throw new Error('no key came');
  return { ms, keyBytes, cpuMs: after.cpuMs - before.cpuMs, memoryBytes: after.memoryBytes };
}
