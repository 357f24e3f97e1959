/**
 * `npm run soak -- [--minutes N] [--seed S]`: three nodes under load, with modules unplugged and one node restarted again and again. At the end
 * memory, open files and disk of the nodes that ran on must be flat, every pair of keys equal, and no key supplied twice.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Lab } from '../../src/cli/demo/lab.ts';
import { applicationOf, keyIdsOf, keysOf, seeded, until } from '../end-to-end/lab.ts';
import { type Sample, sampleOf, verdictOf } from './samples.ts';

const SAMPLE_MS = 5_000;
const FAULT_MS = 20_000;
const PAUSE_MS = 50;
const KEYS = 4;
/** These run on from beginning to end. */
const WATCHED = ['A', 'B'];

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
});
const minutes = Number(values.minutes);
const random = seeded(Number(values.seed));
const directory = mkdtempSync(join(tmpdir(), 'keyferry-soak-'));
// So quick that the link pools are full within two minutes: what grows after that grows for ever.
const lab = await Lab.make(directory, { lowWater: 200, highWater: 600, blocksPerSecond: 160 });
const endMs = performance.now() + minutes * 60_000;
const running = (): boolean => performance.now() < endMs;
const counts = { pairs: 0, refused: 0, unplugs: 0, restarts: 0 };
const samples: Sample[] = [];
/** Hashes of all keys that were supplied. */
const seen = new Set<string>();

/** So little that it goes round within minutes. */
const AUDIT_BYTES = 8 << 20;

// Its nodes do not outlive it.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    void lab.stop().finally(() => {
      rmSync(directory, { recursive: true, force: true });
      process.exit(1);
    });
  });

try {
  for (const { config } of lab.nodes) appendFileSync(config, `audit:\n  max_bytes: ${AUDIT_BYTES}\n`);
  for (const module of lab.modules) lab.startModule(module);
  for (const { kmaId } of lab.nodes) lab.startNode(kmaId);
  for (const kmaId of WATCHED) await until(lab, kmaId, 'it is up', () => true);
  await Promise.all([applications(), faults(), watch()]);
} finally {
  await lab.stop();
  rmSync(directory, { recursive: true, force: true });
}
const verdict = verdictOf(samples, WATCHED);
say(
  `${counts.pairs} pairs of keys equal, none twice; ${counts.refused} requests refused; ${counts.unplugs} unplugs, ${counts.restarts} restarts of C`,
);
for (const line of verdict.lines) say(line);
if (!verdict.flat || counts.pairs === 0) process.exitCode = 1;

async function applications(): Promise<void> {
  const [a, c] = [applicationOf(lab, 'app-a'), applicationOf(lab, 'app-c')];
  while (running()) {
    await pairs(a, c).catch(() => {
      counts.refused += 1;
    });
    await sleep(PAUSE_MS);
  }
  a.close();
  c.close();
}

async function pairs(
  a: ReturnType<typeof applicationOf>,
  c: ReturnType<typeof applicationOf>,
): Promise<void> {
  const taken = await a.encKeys('app-c', KEYS);
  if (taken.status !== 200) throw new Error('no key');
  for (const key of keysOf(taken.body).values()) unseen(key);
  const found = await c.decKeys('app-a', keyIdsOf(taken));
  if (found.status !== 200) throw new Error('not found');
  for (const [id, key] of keysOf(found.body)) {
    if (keysOf(taken.body).get(id) !== key) fail(`key ${id} differs`);
    counts.pairs += 1;
  }
}

function unseen(key: string): void {
  const hash = createHash('sha256').update(key).digest('base64');
  if (seen.has(hash)) fail('a key was supplied twice');
  seen.add(hash);
}

/** What must never be: nothing after it counts. */
function fail(what: string): never {
  say(`BROKEN: ${what}`);
  process.exit(1);
}

async function faults(): Promise<void> {
  while (running()) {
    await sleep(FAULT_MS);
    if (random() < 0.7) {
      const module = lab.modules[Math.floor(random() * lab.modules.length)]!;
      await lab.programs.get(`${module.linkId}-${module.kmaId}`)?.kill();
      lab.startModule(module);
      counts.unplugs += 1;
    } else {
      await lab.programs.get('C')?.kill();
      lab.startNode('C');
      counts.restarts += 1;
    }
  }
}

async function watch(): Promise<void> {
  for (let at = 0; running(); at++) {
    await sleep(SAMPLE_MS);
    for (const kmaId of WATCHED) {
      const sample = sampleOf(kmaId, lab.programs.get(kmaId)!.pid, join(directory, kmaId));
      samples.push(sample);
      if (at % 12 === 11)
        say(
          `${kmaId}  ${sample.memoryMiB.toFixed(0)} MiB  ${sample.files} files  ${sample.diskMiB.toFixed(1)} MiB on disk  ${counts.pairs} pairs`,
        );
    }
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
