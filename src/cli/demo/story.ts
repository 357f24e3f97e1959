import { AgentError } from '../../errors.ts';
import type { Status } from '../../observe/status.ts';
import { callAgent } from '../control-client.ts';
import { table } from '../table.ts';
import { Application, keyIdsOf, type Reply } from './application.ts';
import type { Lab } from './lab.ts';
import type { Screen } from './screen.ts';

const START_MS = 20_000;
const RELAYS = 8;
const RELAY_KEYS = 100;
const FETCHES = 10;
const FETCH_KEYS = 5;

type RelayAnswer = { readonly milliseconds: number };
export type Outcome = { readonly compared: number; readonly equal: number; readonly refusals: boolean };

/** What the demo shows, step by step. @throws Error when a step does not come about in time */
export async function tellStory(lab: Lab, screen: Screen): Promise<Outcome> {
  await awaitKey(lab, screen);
  const latencies = await showRelays(lab, screen);
  const outcome = await showSupply(lab, screen);
  screen.text('', await summary(lab, latencies, outcome));
  return outcome;
}

/** Starts modules and agents. */
export function startAll(lab: Lab, screen: Screen): void {
  for (const module of lab.modules) lab.startModule(module);
  screen.done(`4 simulated QKD modules: links ab (A–B) and bc (B–C), each end on a pseudo-terminal`);
  for (const { kmaId } of lab.nodes) lab.startNode(kmaId);
  const pids = lab.nodes.map(({ kmaId }) => `${kmaId} (pid ${lab.programs.get(kmaId)?.pid})`);
  screen.done(`3 agents: ${pids.join(', ')}`);
}

export function statusOf(lab: Lab, kmaId: string): Promise<Status> {
  return callAgent<Status>(lab.node(kmaId).socket, 'GET', '/v1/status');
}

async function awaitKey(lab: Lab, screen: Screen): Promise<void> {
  const endMs = performance.now() + START_MS;
  for (;;) {
    for (const [name, program] of lab.programs)
      if (!program.running) throw new Error(`${name} ended: ${lab.complaint(name)}`);
    const statuses = await Promise.all(
      lab.nodes.map(({ kmaId }) => statusOf(lab, kmaId).catch(() => undefined)),
    );
    const blocks = statuses.map(
      (s) => s?.links.reduce((sum, link) => sum + link.blocks_synchronised, 0) ?? 0,
    );
    const pools = [statuses[0], statuses[2]].map(
      (s) => s?.pools.find((pool) => pool.kind === 'relay')?.own_keys ?? 0,
    );
    screen.progress(
      `blocks in step at A, B, C: ${blocks.join(', ')};  relayed ahead of demand: A→C ${pools[0]}, C→A ${pools[1]} keys`,
    );
    if (pools.every((keys) => keys >= lab.settings.lowWater)) break;
    if (performance.now() > endMs)
      throw new Error('no key came in time; see the logs in the directory of the demo');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  screen.done('raw key acquired, formatted, synchronised; relay pools A–C filled through B ahead of demand');
}

async function showRelays(lab: Lab, screen: Screen): Promise<number[]> {
  const latencies: number[] = [];
  for (let i = 1; i <= RELAYS; i++) {
    const { milliseconds } = await relayOnce(lab, screen);
    latencies.push(milliseconds);
    screen.progress(`relay ${i} of ${RELAYS}: ${RELAY_KEYS} keys A → B → C in ${milliseconds.toFixed(1)} ms`);
  }
  latencies.sort((a, b) => a - b);
  screen.done(`${RELAYS} relays of ${RELAY_KEYS} keys A → B → C, each stored at C before it was completed`);
  return latencies;
}

// While the pools are still being filled, the links may be out of pad for a moment; the refusal says so.
async function relayOnce(lab: Lab, screen: Screen): Promise<RelayAnswer> {
  const endMs = performance.now() + START_MS;
  for (;;) {
    try {
      const body = { destination: 'C', keys: RELAY_KEYS };
      return await callAgent<RelayAnswer>(lab.node('A').socket, 'POST', '/v1/relay', body);
    } catch (thrown) {
      const waits =
        thrown instanceof AgentError && thrown.code === 'relay.no_pad' && performance.now() < endMs;
      if (!waits) throw thrown;
      screen.progress('a link is out of pad: waiting for its modules');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function showSupply(lab: Lab, screen: Screen): Promise<Outcome> {
  const master = new Application(lab.application('app-a'), lab.node('A').supplyPort);
  const slave = new Application(lab.application('app-c'), lab.node('C').supplyPort);
  const other = new Application(lab.application('other-c'), lab.node('C').supplyPort);
  try {
    let compared = 0;
    let equal = 0;
    let ids: string[] = [];
    for (let i = 0; i < FETCHES; i++) {
      const sent = await master.encKeys('app-c', FETCH_KEYS);
      try {
        if (sent.status !== 200) throw new Error(`enc_keys at A was answered ${sent.status}`);
        ids = keyIdsOf(sent);
        if (i === 0 && !(await showRefusal(other, ids, screen))) return { compared, equal, refusals: false };
        compared += FETCH_KEYS;
        if (await fetchesSame(slave, ids, sent.body)) equal += FETCH_KEYS;
      } finally {
        sent.body.fill(0);
      }
      screen.progress(`app-a at A and app-c at C fetch by GS QKD 014: ${equal} of ${compared} keys equal`);
    }
    screen.done(`app-a fetched ${compared} keys at A, app-c the same at C by their IDs: ${equal} equal`);
    const again = await statusOnly(slave.decKeys('app-a', ids));
    screen.done(`app-c asks for the same IDs a second time: refused with ${again}`);
    return { compared, equal, refusals: again === 400 };
  } finally {
    for (const application of [master, slave, other]) application.close();
  }
}

async function showRefusal(other: Application, ids: readonly string[], screen: Screen): Promise<boolean> {
  const status = await statusOnly(other.decKeys('app-a', ids));
  screen.done(`other-c asks C for key that is meant for app-c: refused with ${status}`);
  return status === 401;
}

/** Both containers hold the same IDs in the same order, so they are equal exactly when the keys are. */
async function fetchesSame(slave: Application, ids: readonly string[], sent: Buffer): Promise<boolean> {
  const got = await slave.decKeys('app-a', ids);
  const same = got.status === 200 && got.body.equals(sent);
  got.body.fill(0);
  return same;
}

/** Of an answer that should hold no key, and is wiped like one that does. */
async function statusOnly(asked: Promise<Reply>): Promise<number> {
  const { status, body } = await asked;
  body.fill(0);
  return status;
}

async function summary(lab: Lab, latencies: readonly number[], outcome: Outcome): Promise<string> {
  const statuses = await Promise.all(lab.nodes.map(({ kmaId }) => statusOf(lab, kmaId)));
  const links = statuses.flatMap((status) =>
    status.links.map((link) => [
      `${status.kma_id}–${link.peer}`,
      link.module?.moduleId ?? null,
      link.blocks_stored,
      link.blocks_synchronised,
      Math.round((link.blocks_synchronised * lab.settings.blockBytes) / 32),
      link.skr === null ? null : `${(link.skr / 1000).toFixed(0)} kbit/s`,
      link.qber === null ? null : `${(link.qber * 100).toFixed(1)} %`,
    ]),
  );
  const middle = latencies[Math.floor(latencies.length / 2)] ?? 0;
  const relayed = statuses.map((s) => `${s.kma_id} ${s.relay.source.keys}`).join(', ');
  return [
    table(['link', 'module', 'blocks', 'in step', 'keys', 'rate', 'QBER'], links),
    '',
    table(
      ['relay A → B → C', 'keys compared', 'equal', 'refused as they must be'],
      [[`median ${middle.toFixed(1)} ms`, outcome.compared, outcome.equal, outcome.refusals ? 'yes' : 'NO']],
    ),
    '',
    `KMA-keys relayed, by source: ${relayed}`,
  ].join('\n');
}
