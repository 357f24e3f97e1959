import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { before, describe, type TestContext, test } from 'node:test';
import { callAgent } from '../../src/cli/control-client.ts';
import type { Lab, LabModule } from '../../src/cli/demo/lab.ts';
import { buildC, SANITIZED, whyNoC } from '../firmware-bridge/c-build.ts';
import { CModule } from '../firmware-bridge/c-module.ts';
import { labFor, logOf, statusOf, until } from './lab.ts';

const BLOCKS_PER_SECOND = 40;
let program: string;

type Keys = 'right' | 'wrong' | 'none';

function startC(
  t: TestContext,
  lab: Lab,
  { linkId, role, tty, key }: LabModule,
  more: string[] = [],
  keys: Keys = 'right',
): CModule {
  const other = lab.modules.find((module) => module.key !== key)!.key;
  const keyOption = keys === 'none' ? [] : ['--module-key', keys === 'right' ? key : other];
  const module = new CModule(program, [
    ...['--seed', 'c', '--link-id', linkId, '--role', role, '--module-id', `c-${role}`, '--pty', tty],
    ...['--block-bytes', `${lab.settings.blockBytes}`, '--blocks-per-second', `${BLOCKS_PER_SECOND}`],
    ...['--buffer-blocks', '8192', ...keyOption, ...more],
  ]);
  t.after(() => module.end('SIGKILL'));
  return module;
}

/** A and B with the two ends of their link. */
async function pair(t: TestContext, more: string[] = [], keys: Keys = 'right') {
  const lab = await labFor(t, { logLevel: 'debug', lowWater: 1, highWater: 2 });
  const [txEnd, rxEnd] = lab.modules.filter(({ linkId }) => linkId === 'ab') as [LabModule, LabModule];
  const tx = startC(t, lab, txEnd, more, keys);
  const rx = startC(t, lab, rxEnd, more, keys);
  for (const kmaId of ['A', 'B']) {
    if (keys === 'none') takePlainModules(lab.node(kmaId).config);
    lab.startNode(kmaId);
  }
  return { lab, tx, rx, txEnd, rxEnd };
}

function takePlainModules(config: string): void {
  const text = readFileSync(config, 'utf8');
  writeFileSync(config, text.replaceAll(/module_key: .*/g, 'unauthenticated_module: true'));
}

async function linkOf(lab: Lab, kmaId: string, peer: string) {
  return (await statusOf(lab, kmaId)).links.find((link) => link.peer === peer)!;
}

/** The two nodes agree that they hold the same bits, in so many blocks at least since the nodes started. */
async function agreed(lab: Lab, blocks: number): Promise<void> {
  for (const [kmaId, peer] of [
    ['A', 'B'],
    ['B', 'A'],
  ] as const) {
    const status = await until(lab, kmaId, `${blocks} blocks agreed on`, ({ links }) => {
      const link = links.find((each) => each.peer === peer);
      return (link?.blocks_synchronised ?? 0) >= blocks;
    });
    const link = status.links.find((each) => each.peer === peer)!;
    assert.equal(link.blocks_quarantined, 0, 'the two ends hold different bits');
    assert.equal(link.blocks_refused, 0);
  }
}

/** Numbers of the blocks that a node has told its module are stored, over all its runs. */
function acknowledged(lab: Lab, kmaId: string): number[] {
  return logOf(lab, kmaId)
    .filter((line) => line['event'] === 'module.acknowledged')
    .map((line) => line['number'] as number);
}

/** Every block up to the newest that is stored now gets stored, none lies between that doesn't. */
async function withoutGap(lab: Lab, kmaId: string): Promise<void> {
  const newest = Math.max(...acknowledged(lab, kmaId));
  const endMs = performance.now() + 30_000;
  for (;;) {
    const numbers = [...new Set(acknowledged(lab, kmaId))].filter((number) => number <= newest);
    const missing = newest - Math.min(...numbers) + 1 - numbers.length;
    if (missing === 0) return;
    assert.ok(performance.now() < endMs, `${missing} blocks were lost`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe('modules in C and real agents', { skip: whyNoC(), concurrency: 2 }, () => {
  before(async () => {
    program = (await buildC(SANITIZED, ['module'])).module;
  });

  test('blocks arrive alike at both ends and are acknowledged, whole and in parts', async (t) => {
    const { lab, tx, rx } = await pair(t, ['--part-bytes', '1000']);
    await agreed(lab, 60);
    const stored = await tx.until('acknowledgements', (report) => report.stored >= 60);
    await rx.until('acknowledgements', (report) => report.stored >= 60);
    assert.equal(stored.refused + stored.dropped + stored.faults, 0);
    const link = await linkOf(lab, 'A', 'B');
    assert.deepEqual(link.module, {
      moduleId: 'c-tx',
      linkId: 'ab',
      role: 'tx',
      firmwareVersion: 'example 1',
    });
    assert.equal(link.qber, 0.02);
    assert.equal(link.skr, BLOCKS_PER_SECOND * lab.settings.blockBytes * 8);
    await withoutGap(lab, 'A');
  });

  test('a module without a key is heard where the configuration says so', async (t) => {
    const { lab, tx } = await pair(t, [], 'none');
    await agreed(lab, 20);
    await tx.until('acknowledgements', (report) => report.stored >= 20);
  });

  test('a module with another key delivers nothing, and gets the agent to say why', async (t) => {
    const { lab, tx } = await pair(t, [], 'wrong');
    await until(lab, 'A', 'it runs', ({ links }) => links.length === 1);
    const hungUp = (): boolean => logOf(lab, 'A').some((line) => line['event'] === 'module.hung-up');
    const endMs = performance.now() + 30_000;
    while (!hungUp()) {
      assert.ok(performance.now() < endMs, 'the agent says nothing');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const { openings, stored, faults } = tx.last!;
    assert.deepEqual({ openings, stored }, { openings: 0, stored: 0 });
    assert.ok(faults > 0);
    assert.equal((await linkOf(lab, 'A', 'B')).blocks_stored, 0);
  });

  test('commands of the agent reach the module and come back with what became of them', async (t) => {
    const { lab, tx } = await pair(t);
    await agreed(lab, 20);
    // On a machine with much else to do the line may be taken for dead, and opened anew, at any time.
    const order = async (word: string) => {
      await until(lab, 'A', 'the module is open', ({ links }) => links[0]?.state === 'open');
      const body = { link: 'B', order: word };
      return callAgent<{ outcome: string }>(lab.node('A').socket, 'POST', '/v1/module', body);
    };
    assert.equal((await order('self_test')).outcome, 'not_supported');
    assert.equal((await order('identify')).outcome, 'done');
    assert.equal((await order('stop')).outcome, 'done');
    const { stored, openings: before } = await tx.until('all is delivered', ({ held }) => held === 0);
    assert.equal((await order('zeroize')).outcome, 'done');
    // What was wiped is known to both only when the next opening begins.
    await tx.until('another opening', ({ openings }) => openings > before);
    assert.equal((await order('start')).outcome, 'done');
    await tx.until('new blocks', (report) => report.stored >= stored + 20);
  });

  test('after a suspect alarm new key is stored and stays out of use, over a restart too, until an operator releases it', async (t) => {
    const { lab, tx, rx } = await pair(t);
    await agreed(lab, 20);
    tx.moveLid();
    const held =
      (at: number) => (status: { links: readonly { held: { reason: string; blocks: number } | null }[] }) =>
        (status.links[0]?.held?.blocks ?? 0) >= at;
    const { links } = await until(lab, 'A', 'blocks are held', held(10));
    assert.equal(links[0]!.held!.reason, 'alarm lid');
    await lab.programs.get('A')!.kill();
    lab.startNode('A');
    await until(lab, 'A', 'more blocks are held after kill -9', held(20));
    // The end of the alarm releases nothing: nobody has looked.
    tx.moveLid();
    const { stored } = tx.last!;
    await tx.until('more is stored', (report) => report.stored >= stored + 40);
    const before = await linkOf(lab, 'A', 'B');
    assert.ok(before.held !== null);
    await callAgent(lab.node('A').socket, 'POST', '/v1/module', { link: 'B', order: 'release' });
    await until(lab, 'A', 'all is agreed on', ({ links: [link] }) => {
      return link!.held === null && link!.blocks_synchronised >= before.blocks_synchronised + 20;
    });
    assert.equal((await rx.until('the other end goes on', () => true)).refused, 0);
  });

  test('kill -9 of an agent loses no block and stores none twice', async (t) => {
    const { lab, tx } = await pair(t);
    await agreed(lab, 20);
    for (let kill = 1; kill <= 3; kill++) {
      await lab.programs.get('A')!.kill();
      lab.startNode('A');
      await agreed(lab, 20);
      await tx.until('another opening', (report) => report.openings > kill && report.open);
    }
    const told = await tx.until('few held', (report) => report.held < 20);
    assert.equal(told.dropped + told.refused, 0);
    await withoutGap(lab, 'A');
  });

  test('kill -9 of a module costs what it held, and nothing else', async (t) => {
    const { lab, tx, txEnd } = await pair(t);
    await agreed(lab, 20);
    // As udev would: the terminal may be another's as soon as the module is gone.
    unlinkSync(txEnd.tty);
    await tx.end('SIGKILL');
    const { blocks_stored: before } = await linkOf(lab, 'A', 'B');
    const second = startC(t, lab, txEnd);
    await second.until('acknowledgements', (report) => report.stored >= 20);
    const { blocks_stored: after } = await linkOf(lab, 'A', 'B');
    assert.ok(after >= before + 20);
    await agreed(lab, 40);
  });

  test('noise on the line, both ways, costs time and no block', async (t) => {
    const { lab, tx, txEnd } = await pair(t, ['--noise', '200']);
    await agreed(lab, 20);
    const far = openSync(txEnd.tty, 'w');
    for (let i = 0; i < 20; i++) {
      writeSync(far, Buffer.from(Array.from({ length: 50 }, (_, at) => (at * 37 + i * 11) % 256)));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    closeSync(far);
    const told = await tx.until('the noise was seen, and blocks went on', (report) => {
      return report.faults > 2 && report.stored > 100 && report.held < 40;
    });
    assert.equal(told.dropped + told.refused, 0);
    await agreed(lab, 60);
    await withoutGap(lab, 'A');
  });
});
