import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { Verdict } from '../../src/audit/chain/verifier.ts';
import { linesOf, trailFiles } from '../../src/audit/files.ts';
import type { Lab } from '../../src/cli/demo/lab.ts';
import { limits } from '../../src/limits.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { applicationOf, keyIdsOf, labFor, ownKeys, seeded, startAll, until } from './lab.ts';

const KILLS = Number(process.env['KEYFERRY_AUDIT_KILLS'] ?? 3);
const SEED = Number(process.env['KEYFERRY_SEED'] ?? 1);
const KEYFERRY = resolve(import.meta.dirname, '..', '..', 'build', 'keyferry');
const run = promisify(execFile);

type Verified = { readonly code: number; readonly verdict: Verdict & { running: boolean } };

async function keyferry(...words: string[]): Promise<{ code: number; text: string }> {
  const done = await run(KEYFERRY, words).catch(
    (thrown: unknown) => thrown as { code: number; stdout: string },
  );
  return { code: 'code' in done ? Number(done.code) : 0, text: done.stdout };
}

async function verified(lab: Lab, kmaId: string, ...more: string[]): Promise<Verified> {
  const { code, text } = await keyferry(
    'audit',
    'verify',
    '--config',
    lab.node(kmaId).config,
    '--json',
    ...more,
  );
  return { code, verdict: JSON.parse(text) as Verified['verdict'] };
}

const trailOf = (lab: Lab, kmaId: string): string => join(lab.directory, kmaId, 'data', 'audit');

function linesAt(
  lab: Lab,
  kmaId: string,
): { what: string; key_ids?: string[]; facts?: Record<string, unknown> }[] {
  const directory = trailOf(lab, kmaId);
  return trailFiles(systemDisk, directory).flatMap(({ name }) =>
    [...linesOf(systemDisk, join(directory, name))].map(({ bytes }) => JSON.parse(bytes.toString('utf8'))),
  );
}

/** Keys that an application had, each with when it had asked for it and when it had it. */
type Had = Map<string, { readonly askedMs: number; readonly hadMs: number }>;

async function fetchOn(t: TestContext, lab: Lab, atA: Had, atC: Had, stop: { now: boolean }): Promise<void> {
  const master = applicationOf(lab, 'app-a');
  const slave = applicationOf(lab, 'app-c');
  t.after(() => {
    master.close();
    slave.close();
  });
  while (!stop.now) {
    const askedMs = performance.now();
    const taken = await master.encKeys('app-c', 2).catch(() => undefined);
    if (taken?.status !== 200) {
      await new Promise((again) => setTimeout(again, 10));
      continue;
    }
    const ids = keyIdsOf(taken);
    for (const id of ids) atA.set(id, { askedMs, hadMs: performance.now() });
    const found = await slave.decKeys('app-a', ids).catch(() => undefined);
    if (found?.status === 200) for (const id of ids) atC.set(id, { askedMs, hadMs: performance.now() });
  }
}

test(`kill -9 of A under load, ${KILLS} times (seed ${SEED}): the trail is whole, and has every key that an application had`, async (t) => {
  const random = seeded(SEED);
  const lab = await labFor(t, { lowWater: 1000, highWater: 3000, blocksPerSecond: 40 });
  startAll(lab);
  await until(lab, 'A', 'the relay pool is filled', (status) => ownKeys(status, 'C') >= 500);
  const [atA, atC]: [Had, Had] = [new Map(), new Map()];
  const stop = { now: false };
  const kills: { fromMs: number; toMs: number }[] = [];
  const clients = [1, 2, 3].map(() => fetchOn(t, lab, atA, atC, stop));
  try {
    for (let i = 0; i < KILLS; i++) {
      await new Promise((later) => setTimeout(later, 800 + random() * 600));
      const fromMs = performance.now();
      await lab.programs.get('A')!.kill();
      kills.push({ fromMs, toMs: performance.now() });
      lab.startNode('A');
      await until(lab, 'A', 'it runs again', (status) => status.supply !== null);
    }
  } finally {
    stop.now = true;
    await Promise.all(clients);
  }
  // Live, against the head that the agent itself names, and against the node key.
  for (const kmaId of ['A', 'B', 'C']) {
    const { code, verdict } = await verified(lab, kmaId);
    assert.deepEqual(
      [kmaId, code, verdict.fault, verdict.running, verdict.anchorsHeld],
      [kmaId, 0, null, true, 1],
    );
    assert.ok(verdict.sealedTo! > 0);
  }
  const onRecord = (kmaId: string, what: string) =>
    new Set(linesAt(lab, kmaId).flatMap((line) => (line.what === what ? (line.key_ids ?? []) : [])));
  const [taken, opened] = [onRecord('A', 'supply.enc_keys'), onRecord('C', 'supply.dec_keys')];
  const missingAtA = [...atA].filter(([id]) => !taken.has(id));
  const boundMs = limits.auditWriteMs + limits.auditSyncMs;
  // It was asked for before a kill was over, and was there not long before one began; the answer may have been read later.
  for (const [id, { askedMs, hadMs }] of missingAtA)
    assert.ok(
      kills.some(({ fromMs, toMs }) => askedMs <= toMs && fromMs - hadMs < boundMs),
      `${id} is not on record`,
    );
  const missingAtC = [...atC.keys()].filter((id) => !opened.has(id));
  assert.deepEqual(missingAtC, [], 'C was not killed');
  const starts = linesAt(lab, 'A').filter(({ what }) => what === 'agent.started');
  assert.deepEqual(
    starts.map(({ facts }) => facts?.['before']),
    ['none', ...kills.map(() => 'crashed')],
  );
  t.diagnostic(
    `${atA.size} keys at A, of which ${missingAtA.length} are not on record; ${atC.size} at C, all are`,
  );
  assert.ok(atA.size > 20 * KILLS);
  await tampered(lab, [...atC.keys()][0]!);
});

async function tampered(lab: Lab, keyId: string): Promise<void> {
  const head = await keyferry('audit', 'head', '--socket', lab.node('A').socket);
  const anchor = join(lab.directory, 'anchor.json');
  writeFileSync(anchor, head.text);
  const shown = await keyferry(
    'audit',
    'show',
    '--config',
    lab.node('C').config,
    '--key-id',
    keyId,
    '--what',
    'supply',
  );
  assert.match(
    shown.text,
    new RegExp(`^\\d+ \\S+ supply\\.dec_keys sae:app-c done with=sae:app-a peer=A .*${keyId}.*\n$`),
  );
  await lab.stop();
  assert.equal((await verified(lab, 'A', '--anchor', anchor)).code, 0);
  const path = join(trailOf(lab, 'A'), trailFiles(systemDisk, trailOf(lab, 'A'))[0]!.name);
  const whole = readFileSync(path, 'utf8');
  const { seq } = JSON.parse(head.text) as { seq: number };
  const spoilt: [what: string, text: string][] = [
    ['changed', whole.replace('"who":"sae:app-a"', '"who":"sae:app-b"')],
    [
      'cut_off',
      whole
        .split('\n')
        .slice(0, seq - 5)
        .concat('')
        .join('\n'),
    ],
    ['missing', whole.split('\n').toSpliced(20, 3).join('\n')],
  ];
  for (const [kind, text] of spoilt) {
    writeFileSync(path, text);
    const { code, verdict } = await verified(lab, 'A', '--anchor', anchor);
    assert.deepEqual([code, verdict.fault?.kind], [3, kind]);
  }
  writeFileSync(path, spoilt[1]![1]);
  lab.startNode('A');
  await until(lab, 'A', 'it runs again', (status) => status.supply !== null);
  const { code, verdict } = await verified(lab, 'A');
  assert.deepEqual([code, verdict.fault?.kind], [3, 'missing'], 'the store remembers what was cut off');
}
