import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchContext, Benchmark, Opened, Side } from '../../src/bench/harness.ts';
import { pkiPaths } from '../../src/pki/directory.ts';
import { initPki, issueNode } from '../../src/pki/pki.ts';
import { type Helper, startHelper } from './processes.ts';
import type { EndsMessage, Files, Sent } from './transit-ends.ts';
import { messagesPerBlock } from './transit-key.ts';
import type { NodeMessage, Used } from './transit-node.ts';

const KEYS = 400;
/** Link blocks of a round, in each direction: pad for a good half second at full speed. */
const BLOCKS = 16;

/**
 * A node in transit as a whole process: TLS in, authenticate, exchange the pad of 400 keys a message, authenticate, TLS out. Against a process
 * that pipes the same bytes from one TLS connection to another; against 500 Mbit/s of key for each second of processor time; and bytes
 * copied against bytes carried.
 */
export const transitBenchmarks: readonly Benchmark[] = [
  { name: 'transit', unit: 'MB/s', better: 'more', target: 0.5, open: (context) => open(context, wire) },
  {
    name: 'transit-core',
    unit: 'Mbit/s of key a core',
    better: 'more',
    target: 1,
    open: (context) => open(context, perCore),
  },
  {
    name: 'transit-copies',
    unit: 'bytes copied a byte carried',
    better: 'less',
    target: 1,
    open: (context) => open(context, copies),
  },
];

type Round = Sent & { readonly cpuMs: number; readonly copiedBytes: number };
type Bench = { round(): Promise<Round>; pipe(): Promise<Sent>; close(): Promise<void> };

const throughput = ({ bytes, ms }: Sent): number => bytes / ms / 1_000;
const constant = (name: string, figure: number): Side => ({ name, measure: async () => figure });

function wire({ round, pipe }: Bench): readonly [Side, Side] {
  return [
    { name: 'keyferry', measure: async () => throughput(await round()) },
    { name: 'TLS pipe', measure: async () => throughput(await pipe()) },
  ];
}

function perCore({ round }: Bench): readonly [Side, Side] {
  const ours = async () => {
    const { keyBytes, cpuMs } = await round();
    return (keyBytes * 8) / cpuMs / 1_000;
  };
  return [{ name: 'keyferry', measure: ours }, constant('asked for', 500)];
}

function copies({ round }: Bench): readonly [Side, Side] {
  const ours = async () => {
    const { copiedBytes, bytes } = await round();
    return copiedBytes / bytes;
  };
  return [{ name: 'keyferry', measure: ours }, constant('asked for', 1)];
}

async function open(
  context: BenchContext,
  sidesOf: (bench: Bench) => readonly [Side, Side],
): Promise<Opened> {
  const bench = await context.shared('transit', start);
  // Shared, and closed after the last benchmark.
  return { sides: sidesOf(bench), close: async () => {} };
}

async function start(): Promise<Bench> {
  const dir = mkdtempSync(join(tmpdir(), 'keyferry-bench-transit-'));
  const script = (name: string) => startHelper(new URL(`./transit-${name}.ts`, import.meta.url));
  const [node, ends, pipe] = [script('node'), script('ends'), script('pipe')];
  const close = async (): Promise<void> => {
    for (const helper of [ends, node, pipe]) await helper.close();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await initPki(dir);
    for (const kmaId of ['A', 'B', 'C']) await issueNode(dir, kmaId);
    const config = join(dir, 'B.yaml');
    writeFileSync(config, configuration(dir));
    const port = await node.ask<number>({ what: 'start', config } satisfies NodeMessage);
    const pipePort = await pipe.ask<number>(filesOf(dir, 'B'));
    return { ...rounds(dir, { node, ends }, port, pipePort), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function rounds(
  dir: string,
  { node, ends }: { node: Helper; ends: Helper },
  port: number,
  pipePort: number,
): Pick<Bench, 'round' | 'pipe'> {
  let first = 1;
  const prepare = () => {
    const messages = BLOCKS * messagesPerBlock(KEYS);
    const files = { a: filesOf(dir, 'A'), c: filesOf(dir, 'C') };
    return ends.ask({ what: 'prepare', first, messages, keys: KEYS, ...files } satisfies EndsMessage);
  };
  const used = () => node.ask<Used>({ what: 'used' } satisfies NodeMessage);
  return {
    async round() {
      first += BLOCKS + 1;
      await prepare();
      await node.ask({ what: 'stock', first, blocks: BLOCKS + 1 } satisfies NodeMessage);
      const before = await used();
      const sent = await ends.ask<Sent>({ what: 'send', port, greets: true } satisfies EndsMessage);
      const after = await used();
      return {
        ...sent,
        cpuMs: after.cpuMs - before.cpuMs,
        copiedBytes: after.copiedBytes - before.copiedBytes,
      };
    },
    async pipe() {
      await prepare();
      return ends.ask<Sent>({ what: 'send', port: pipePort, greets: false } satisfies EndsMessage);
    },
  };
}

function filesOf(dir: string, kmaId: string): Files {
  const paths = pkiPaths(dir);
  const { kxCertificate, kxKey } = paths.node(kmaId);
  const ca = readFileSync(paths.kxAuthority.certificate, 'utf8');
  return { cert: readFileSync(kxCertificate, 'utf8'), key: readFileSync(kxKey, 'utf8'), ca };
}

function configuration(dir: string): string {
  const paths = pkiPaths(dir);
  const { kxCertificate, kxKey, nodeKey } = paths.node('B');
  return [
    'kma_id: B',
    `data_directory: ${join(dir, 'data')}`,
    `node_key:\n  file: ${nodeKey}`,
    `control:\n  socket: ${join(dir, 'control.sock')}`,
    'kx:',
    '  listen: 127.0.0.1:0',
    `  certificate: ${kxCertificate}`,
    `  private_key: ${kxKey}`,
    `  ca: ${paths.kxAuthority.certificate}`,
    '  peers:',
    '    - kma_id: A',
    '    - kma_id: C',
    '',
  ].join('\n');
}
