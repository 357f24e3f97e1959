import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchContext, Benchmark, Opened } from '../../src/bench/harness.ts';
import { callAgent } from '../../src/cli/control-client.ts';
import { Lab } from '../../src/cli/demo/lab.ts';
import type { Status } from '../../src/observe/status.ts';
import { pkiPaths } from '../../src/pki/directory.ts';
import { type Helper, startHelper } from './processes.ts';
import type { BareHop, BareHopMessage } from './relay-bare.ts';
import type { SourceMessage } from './relay-source.ts';

const STOCK_MS = 120_000;
/** Pad for a round, in KMA-keys, in each direction of each link: more than a quick machine uses. */
export const padUnits = (keys: number): number => (keys === 1 ? 150_000 : 400_000);
/** Bytes of a completion notification with its header. */
const ANSWER_BYTES = 270;

/**
 * KMA-keys relayed from A to C over B, requests a second, against messages of the same size over two bare TLS hops and back. Both sides have
 * as many requests under way, of which each is free to put several into one write.
 */
export const relayBenchmarks: readonly Benchmark[] = [
  relay('relay-1', 1, 16),
  relay('relay-1-busy', 1, 256),
  relay('relay-100', 100, 16),
];

function relay(name: string, keys: number, inFlight: number): Benchmark {
  const way = { unit: 'relays/s', better: 'more', target: 0.3 } as const;
  return { name, ...way, open: (context) => open(context, keys, inFlight) };
}

/** Bytes of a key relay message of that many keys, with its header, as the agent writes it. */
function messageBytes(keys: number): number {
  return 410 + 104 * keys;
}

/** A round of relays of that many keys, so many at a time. */
export function relaysOf({ roundMs }: BenchContext, keys: number, inFlight: number): SourceMessage {
  return { what: 'relays', keys, inFlight, ms: roundMs };
}

async function open(context: BenchContext, keys: number, inFlight: number): Promise<Opened> {
  const nodes = await context.shared('relay nodes', () => startNodes(context));
  const bare = await context.shared('bare TLS hops', () => startBare(nodes.lab));
  const ms = context.roundMs;
  const relays = relaysOf(context, keys, inFlight);
  const sizes = { bytes: messageBytes(keys), answerBytes: ANSWER_BYTES };
  const ask: BareHopMessage = { what: 'ask', ...sizes, inFlight, ms };
  return {
    sides: [
      {
        name: 'keyferry',
        async measure() {
          await nodes.stock(padUnits(keys));
          return nodes.source.ask<number>(relays);
        },
      },
      {
        name: 'bare TLS',
        async measure() {
          await bare.end.ask({ ...sizes, what: 'sizes' } satisfies BareHopMessage);
          return bare.source.ask<number>(ask);
        },
      },
    ],
    // Both are shared, and closed after the last benchmark.
    close: async () => {},
  };
}

type Nodes = {
  readonly lab: Lab;
  readonly source: Helper;
  /** Lets the modules run until there is pad for a round, then halts them, so that both sides have the machine alike. */
  stock(units: number): Promise<void>;
  close(): Promise<void>;
};

/** A, B and C, and the modules of their links. @param prepare changes the laboratory's files before anything starts */
export async function startNodes(
  context: BenchContext,
  prepare: (lab: Lab) => Promise<void> = async () => {},
): Promise<Nodes> {
  const dir = mkdtempSync(join(tmpdir(), 'keyferry-bench-relay-'));
  const source = startHelper(new URL('./relay-source.ts', import.meta.url));
  // Relays by water marks would go on beside those that are measured.
  const lab = await Lab.make(dir, { blockBytes: 65_536, blocksPerSecond: 40, lowWater: 1, highWater: 1 });
  await prepare(lab);
  const close = async (): Promise<void> => {
    for (const program of lab.programs.values()) program.signal('SIGCONT');
    await source.close();
    await lab.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  const modules = lab.modules.map((module) => lab.startModule(module));
  for (const kmaId of ['B', 'C']) lab.startNode(kmaId);
  await source.ask({ what: 'start', config: lab.node('A').config } satisfies SourceMessage);
  const stock = async (units: number): Promise<void> => {
    for (const module of modules) module.signal('SIGCONT');
    const endMs = Date.now() + STOCK_MS;
    while ((await leastPad(lab, source)) < units) {
      if (Date.now() > endMs) throw new Error('the modules did not bring enough pad in time');
      context.progress(`waiting for pad: ${await leastPad(lab, source)} of ${units} KMA-keys`);
      await sleep(1_000);
    }
    for (const module of modules) module.signal('SIGSTOP');
    await sleep(200);
  };
  return { lab, source, stock, close };
}

async function leastPad(lab: Lab, source: Helper): Promise<number> {
  const own = async (kmaId: string, peer: string) => {
    const status = await callAgent<Status>(lab.node(kmaId).socket, 'GET', '/v1/status').catch(
      () => undefined,
    );
    return status?.pools.find((pool) => pool.kma_id === peer)?.own_keys ?? 0;
  };
  const ofA = source.ask<number>({ what: 'pad', peer: 'B' } satisfies SourceMessage);
  return Math.min(...(await Promise.all([ofA, own('B', 'A'), own('B', 'C'), own('C', 'B')])));
}

/** Three processes in a row, with the certificates of the nodes. */
async function startBare(
  lab: Lab,
): Promise<{ readonly source: Helper; readonly end: Helper; close(): Promise<void> }> {
  const script = new URL('./relay-bare.ts', import.meta.url);
  // Each scheduled as one of our nodes is.
  const [source, middle, end] = [startHelper(script), startHelper(script, true), startHelper(script, true)];
  const close = async (): Promise<void> => {
    for (const helper of [source, middle, end]) await helper.close();
  };
  const files = (kmaId: string): BareHop => {
    const paths = pkiPaths(join(lab.directory, 'pki'));
    const { kxCertificate, kxKey } = paths.node(kmaId);
    const ca = readFileSync(paths.kxAuthority.certificate, 'utf8');
    return { cert: readFileSync(kxCertificate, 'utf8'), key: readFileSync(kxKey, 'utf8'), ca };
  };
  const echoAt = await end.ask<number>({ what: 'echo', ...files('C') } satisfies BareHopMessage);
  const passAt = await middle.ask<number>({
    what: 'pass',
    port: echoAt,
    ...files('B'),
  } satisfies BareHopMessage);
  await source.ask({ what: 'dial', port: passAt, ...files('A') } satisfies BareHopMessage);
  return { source, end, close };
}
