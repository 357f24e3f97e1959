import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchContext, Benchmark, Opened } from '../../src/bench/harness.ts';
import { pkiPaths } from '../../src/pki/directory.ts';
import { initPki, issueApplication, issueNode } from '../../src/pki/pki.ts';
import { type Network, startNetwork } from './network.ts';
import { type Helper, startHelper } from './processes.ts';
import type { BareMessage } from './supply-bare.ts';
import type { Application, ClientMessage } from './supply-client.ts';

const MASTER = 'A';
const SLAVE = 'C';
const STOCK_MS = 120_000;
/** For what is under way when the modules halt. */
const SETTLE_MS = 300;
/** A round ends early when it has had so many keys, on either side. */
const PAIRS_MAX = 10_000;
/** Keys in stock before a round; what warms the client up takes some more than those of the round. */
const STOCK_KEYS = 16_000;
const LOW_KEYS = 1_000;
/**
 * Modules that fill the pools faster than a client can empty them. The pool is filled up when it has fallen below its low-water mark and
 * not before, so that no relay runs in a round: relays have benchmarks of their own.
 */
const NETWORK = [
  '--blocks-per-second',
  '20',
  '--block-bytes',
  '16384',
  '--low-water',
  `${LOW_KEYS}`,
  '--high-water',
  `${STOCK_KEYS + 400}`,
];

/** Where the two applications of one side find their servers. */
type Ends = { readonly master: Application; readonly slave: Application };

/**
 * ETSI GS QKD 014 as an application sees it: a key of 256 bits taken at A and fetched at C, against two bare servers
 * that answer a constant.
 */
export const supplyBenchmarks: readonly Benchmark[] = [supply('supply-c1', 1), supply('supply-c8', 8)];

function supply(name: string, connections: number): Benchmark {
  return {
    name,
    unit: 'pairs/s',
    better: 'more',
    target: 0.5,
    open: (context) => open(context, connections),
  };
}

async function open(context: BenchContext, connections: number): Promise<Opened> {
  const bare = await context.shared('bare supply servers', startBare);
  const network = await context.shared('network', () => {
    context.progress('starting the nodes A, B and C');
    return startNetwork(NETWORK);
  });
  const ours = endsOf(network);
  const client = startHelper(new URL('./supply-client.ts', import.meta.url));
  const measure = (ends: Ends) => {
    const message: ClientMessage = {
      ...ends,
      what: 'pairs',
      connections,
      ms: context.roundMs,
      most: PAIRS_MAX,
    };
    return client.ask<number>(message);
  };
  return {
    sides: [
      {
        name: 'keyferry',
        async measure() {
          network.modulesRun(true);
          await stocked(client, ours, context);
          network.modulesRun(false);
          await sleep(SETTLE_MS);
          return measure(ours);
        },
      },
      { name: 'bare https', measure: () => measure(bare.ends) },
    ],
    close: () => client.close(),
  };
}

/**
 * Has the nodes fill up the pool to more keys than a round may need: an empty pool would measure the modules instead of the supply.
 */
async function stocked(client: Helper, ends: Ends, context: BenchContext): Promise<void> {
  const endMs = Date.now() + STOCK_MS;
  if ((await client.ask<number>({ ...ends, what: 'stored' })) < STOCK_KEYS)
    await client.ask<number>({ ...ends, what: 'drain', leave: LOW_KEYS - 100 });
  let lastMs = Date.now();
  for (;;) {
    const stored = await client.ask<number>({ ...ends, what: 'stored' });
    if (stored >= STOCK_KEYS) return;
    if (Date.now() > endMs)
      throw new Error(`the pool holds ${stored} keys, ${STOCK_KEYS} are needed for a round`);
    if (Date.now() - lastMs > 5_000) {
      context.progress(`waiting for key: ${stored} of ${STOCK_KEYS}`);
      lastMs = Date.now();
    }
    await sleep(200);
  }
}

function endsOf(network: Network): Ends {
  const at = (kmaId: string): Application => {
    const url = network.nodes.find((one) => one.kma_id === kmaId)?.supply_url;
    const application = network.applications.find((one) => one.kma_id === kmaId);
    if (typeof url !== 'string' || application === undefined)
      throw new Error(`the demo has no application at ${kmaId}`);
    const { hostname, port } = new URL(url);
    return {
      host: hostname,
      port: Number(port),
      saeId: application.sae_id,
      cert: readFileSync(application.cert, 'utf8'),
      key: readFileSync(application.key, 'utf8'),
      ca: readFileSync(application.ca, 'utf8'),
    };
  };
  return { master: at(MASTER), slave: at(SLAVE) };
}

/** Two bare servers, each in its process as our two nodes are, with certificates made as ours are. */
async function startBare(): Promise<{ ends: Ends; close(): Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), 'keyferry-bench-bare-'));
  const helpers: Helper[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(helpers.map((helper) => helper.close()));
    rmSync(dir, { recursive: true, force: true });
  };
  const start = async (kmaId: string, saeId: string): Promise<Application> => {
    await issueNode(dir, kmaId);
    await issueApplication(dir, saeId);
    const node = pkiPaths(dir).node(kmaId);
    const application = pkiPaths(dir).application(saeId);
    const ca = readFileSync(application.authority, 'utf8');
    const helper = startHelper(new URL('./supply-bare.ts', import.meta.url), true);
    helpers.push(helper);
    const message: BareMessage = {
      cert: readFileSync(node.supplyCertificate, 'utf8'),
      key: readFileSync(node.supplyKey, 'utf8'),
      ca,
    };
    const port = await helper.ask<number>(message);
    const cert = readFileSync(application.certificate, 'utf8');
    return { host: '127.0.0.1', port, saeId, cert, key: readFileSync(application.key, 'utf8'), ca };
  };
  try {
    await initPki(dir);
    return { ends: { master: await start(MASTER, 'app-a'), slave: await start(SLAVE, 'app-c') }, close };
  } catch (error) {
    await close();
    throw error;
  }
}
