import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Lab } from '../../src/cli/demo/lab.ts';
import { KeyFinder } from '../memory/key-finder.ts';
import { KeysInUse, linkBlocks } from '../memory/link-keys.ts';
import { type Found, searchCore } from '../memory/process-memory.ts';
import { suppliedKeys } from '../memory/supplied.ts';
import { agentScript, WatchedProcess } from '../memory/watched-process.ts';
import { labFor, logOf, ownKeys, statusOf, until } from './lab.ts';

/** How often each agent is looked at while it works; the look at rest comes on top. */
const LOOKS = Number(process.env['KEYFERRY_MEMORY_LOOKS'] ?? 1);
/** Requests of an application before each look. */
const ROUNDS = 8;
/** As the kernel has it for a process that says nothing: all memory of its own. */
const USUAL_CORE = '0x33';
/** The marks of pads, which nobody waits for, are on disk by then. */
const SETTLED_MS = 1_300;
const FORMS = ['base64', 'base64 utf16', 'hex', 'hex utf16', 'raw', 'reversed'];

test('key that was supplied, relayed, pushed or destroyed is nowhere in memory, and key in stock where no core dump has it', async (t) => {
  const lab = await labFor(t, { logLevel: 'debug', lowWater: 100, highWater: 400 });
  const sinceMs = Date.now();
  for (const module of lab.modules) lab.startModule(module);
  const agents = new Map(lab.nodes.map(({ kmaId }) => [kmaId, startAgent(t, lab, kmaId)]));
  const finder = new KeyFinder();
  await atWork(t, lab, agents, finder);
  for (const { linkId, kmaId } of lab.modules) await lab.programs.get(`${linkId}-${kmaId}`)!.stop();
  for (const { linkId, number, bytes } of linkBlocks(lab, sinceMs))
    finder.addRaw(`${linkId} ${number}`, bytes);
  for (const { linkId, kmaId, key } of lab.modules)
    finder.add(`module key ${linkId} ${kmaId}`, readFileSync(key));
  for (const { kmaId } of lab.nodes)
    finder.add(`node key ${kmaId}`, readFileSync(join(lab.directory, 'pki/nodes', kmaId, 'node.key')));
  await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
  await saysThatItLacksMemory(lab, 'B');
  for (const [kmaId, agent] of agents) await atRest(t, lab, kmaId, agent, finder);
});

test('key that is left lying about is found in each form, in memory and in a core dump', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'keyferry-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const key = Buffer.from(Array.from({ length: 32 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 24));
  const finder = new KeyFinder();
  finder.add('planted', key);
  const log = join(directory, 'log');
  const script = [join(import.meta.dirname, '../memory/planted-key.ts')];
  const careless = new WatchedProcess(t, script, { directory, log, input: key });
  while (readFileSync(log, 'utf8') !== 'planted\n') await new Promise((resolve) => setTimeout(resolve, 20));
  const { hits } = careless.look(finder);
  const formsOf = (found: readonly { form: string }[]) => new Set(found.map(({ form }) => form));
  assert.deepEqual([...formsOf(hits)].sort(), FORMS);
  // Each alignment of base64 shows a third of the places where a piece may begin.
  for (const form of ['base64', 'base64 utf16']) {
    const places = new Set(hits.filter((hit) => hit.form === form).map(({ keyOffset }) => keyOffset));
    assert.equal(places.size, key.length - 8, `${form} in all alignments`);
  }
  const core = await careless.dump();
  if ('skip' in core) return t.skip(core.skip);
  assert.deepEqual([...formsOf(searchCore(core.path, finder).hits)].sort(), FORMS);
});

// B has not enough memory that may be locked.
function startAgent(t: TestContext, lab: Lab, kmaId: string): WatchedProcess {
  const { config, log } = lab.node(kmaId);
  const limit = kmaId === 'B' ? { lockedBytes: 64 << 10 } : {};
  const directory = join(lab.directory, kmaId);
  return new WatchedProcess(t, agentScript(config), { directory, log, ...limit });
}

async function atWork(t: TestContext, lab: Lab, agents: Map<string, WatchedProcess>, finder: KeyFinder) {
  const full = (from: string, to: string) =>
    until(lab, from, 'its pool is full', (status) => ownKeys(status, to) >= 100);
  await Promise.all([full('A', 'C'), full('C', 'A')]);
  for (let look = 0; look < LOOKS; look++) {
    const keys = await suppliedKeys(lab, ROUNDS);
    assert.ok(keys.size > 4 * ROUNDS, 'keys were supplied');
    for (const [id, key] of keys) finder.add(`supplied ${id}`, key);
    for (const [kmaId, agent] of agents) {
      const { hits, bytes } = agent.look(finder);
      assert.ok(bytes > 32 << 20, `${bytes} bytes of memory were searched`);
      assert.deepEqual(shown(hits), [], `${kmaId} has keys that were supplied`);
    }
  }
  t.diagnostic(`${LOOKS} times ${agents.size} agents at work, ${finder.count} pieces of key`);
}

async function saysThatItLacksMemory(lab: Lab, kmaId: string): Promise<void> {
  const { memory, warnings } = await statusOf(lab, kmaId);
  assert.ok(memory.unlocked_bytes > 0, JSON.stringify(memory));
  assert.deepEqual([memory.unguarded_bytes, memory.in_core_dumps], [0, false]);
  assert.match(warnings.join(), /LimitMEMLOCK/);
  const said = logOf(lab, kmaId).filter(({ code }) => code === 'host.memory_not_locked');
  assert.equal(said.length, 1);
}

async function atRest(t: TestContext, lab: Lab, kmaId: string, agent: WatchedProcess, finder: KeyFinder) {
  // B as if nothing but guarded memory kept key out of core dumps, the others as they keep themselves.
  if (kmaId === 'B') writeFileSync(`/proc/${agent.pid}/coredump_filter`, USUAL_CORE);
  const { hits } = agent.look(finder);
  const core = await agent.dump();
  const inUse = new KeysInUse(lab, kmaId);
  assert.ok(inUse.used > 0, `${kmaId} has blocks of which some key is used`);
  const stock = hits.filter((hit) => isStock(hit, inUse));
  assert.ok(stock.length > 100, `${kmaId} has key in stock`);
  const others = hits.filter((hit) => !stock.includes(hit));
  assert.deepEqual(shown(others), [], `${kmaId} has key that it has no use for`);
  const flags = kmaId === 'B' ? ['dd'] : ['dd', 'lo'];
  const careless = stock.filter(({ mapping }) => !flags.every((flag) => mapping.flags.includes(flag)));
  assert.deepEqual(shown(careless), [], `${kmaId} has key where it may be dumped or swapped out`);
  if ('skip' in core) return t.skip(`memory was searched, and no core dump of ${kmaId}: ${core.skip}`);
  const { hits: dumped, bytes } = searchCore(core.path, finder);
  assert.deepEqual(dumped.slice(0, 5), [], `a core dump of ${kmaId} has key`);
  if (kmaId !== 'B') assert.ok(bytes < 1 << 20, `${bytes}: the agent keeps its memory out of core dumps`);
  else assert.ok(bytes > 32 << 20, `${bytes}: this core dump has all memory that is not guarded`);
  t.diagnostic(`${kmaId}: ${stock.length} pieces of key in stock, none of ${bytes >> 10} KiB dumped`);
}

function isStock({ name, keyOffset }: Found, inUse: KeysInUse): boolean {
  return name.startsWith('module key') || inUse.has(name, keyOffset);
}

/** A few lines on what was found where. */
function shown(hits: readonly Found[]): string[] {
  const lines = hits.map(({ name, form, keyOffset, mapping: { path, access, flags } }) => {
    const words = flags.filter((flag) => ['dd', 'lo'].includes(flag)).join(' ');
    return `${name} ${form} at ${keyOffset} in ${path === '' ? 'memory' : path} ${access} ${words}`;
  });
  return [...new Set(lines)].slice(0, 8);
}
