import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { BridgeModule } from '../../drivers/bridge/module.ts';
import { driver as bridgeSerial } from '../../drivers/bridge-serial/driver.ts';
import type { DriverContext } from '../../drivers/driver.ts';
import type { Clock } from '../../src/env/clock.ts';
import { systemClock } from '../../src/node/clock.ts';
import { contextFor, RecordingLog, RecordingSink } from './recording-sink.ts';
import { type Simulator, SimulatorFolder } from './simulator-process.ts';

let folder: SimulatorFolder;
let log: RecordingLog;
let open: BridgeModule[];

beforeEach(async () => {
  folder = await SimulatorFolder.make();
  log = new RecordingLog();
  open = [];
});

afterEach(async () => {
  try {
    for (const module of open) await module.close();
  } finally {
    await folder.close();
  }
});

const tty = (name: string): string => join(folder.path, name);

function simulate(role: 'tx' | 'rx', ...more: string[]): Promise<Simulator> {
  const link = ['--seed', 'test', '--link-id', 'L1', '--symlink', tty(role)];
  return folder.start([
    '--role',
    role,
    '--blocks-per-second',
    '200',
    '--block-bytes',
    '512',
    ...link,
    ...more,
  ]);
}

function drive(
  name: string,
  more: Partial<DriverContext> = {},
): { module: BridgeModule; sink: RecordingSink } {
  const sink = new RecordingSink(folder.watch);
  const module = bridgeSerial.open(contextFor(tty(name), log, more), sink);
  open.push(module);
  return { module, sink };
}

function storedBy(simulator: Simulator): number {
  const last = simulator.reports.at(-1);
  return last !== undefined && last.event !== 'ready' ? last.stored : 0;
}

test('both ends of a link deliver equal bytes for equal numbers, and the modules learn that they are stored', async () => {
  const [txModule, rxModule] = await Promise.all([simulate('tx'), simulate('rx')]);
  const tx = drive('tx').sink;
  const rx = drive('rx', { expectedLinkId: 'L1' }).sink;
  const common = (): number[] => [...tx.blocks.keys()].filter((number) => rx.blocks.has(number));
  await folder.watch.until('40 common blocks', () => common().length >= 40);
  for (const number of common()) assert.equal(tx.blocks.get(number), rx.blocks.get(number));
  assert.equal(new Set(tx.blocks.values()).size, tx.blocks.size);
  assert.deepEqual(tx.opens, [
    { moduleId: 'L1-tx', linkId: 'L1', role: 'tx', firmwareVersion: 'simulated 1' },
  ]);
  await folder.watch.until('acknowledgements', () => storedBy(txModule) > 0 && storedBy(rxModule) > 0);
  await folder.watch.until('telemetry', () => tx.telemetry.length > 0);
  assert.deepEqual(tx.telemetry[0], { qber: 0.02, skr: 512 * 8 * 200, status: 'active' });
  assert.deepEqual([...tx.losses, ...rx.losses], []);
});

test('a module killed in mid-stream and started anew on another terminal goes on delivering', async () => {
  const first = await simulate('tx');
  const { sink } = drive('tx');
  await folder.watch.until('blocks', () => sink.blocks.size >= 20);
  // It is there before the first one goes, so that it has another terminal for sure.
  const second = await simulate('tx', '--symlink', tty('next'));
  await folder.kill(first);
  await symlink(second.terminal, tty('tx'));
  await folder.watch.until('the loss', () => sink.losses.length === 1);
  await folder.watch.until('another opening', () => sink.opens.length === 2);
  const before = sink.blocks.size;
  await folder.watch.until('more blocks', () => sink.blocks.size >= before + 20);
  assert.equal(sink.losses.length, 1);
});

test('without an answer the module keeps its blocks, and delivers them again after the agent restarts', async () => {
  const simulator = await simulate('tx');
  const first = drive('tx');
  first.sink.holdAnswers = true;
  // The credit: what is not answered for is not followed by more.
  await folder.watch.until('a window of blocks', () => first.sink.deliveries === 64);
  await folder.watch.until('a status after it', () => {
    const last = simulator.reports.at(-1);
    return last?.event === 'status' && last.sent === 64 && last.held > 70;
  });
  assert.equal(first.sink.deliveries, 64);
  assert.equal(storedBy(simulator), 0);
  await first.module.close();
  assert.equal(first.sink.losses.length, 1);
  for (const answer of first.sink.held) answer.stored();

  const second = drive('tx').sink;
  await folder.watch.until('the same blocks again', () => {
    return [...first.sink.blocks].every(([number, bytes]) => second.blocks.get(number) === bytes);
  });
  await folder.watch.until('acknowledgements', () => storedBy(simulator) >= 64);
});

test('the agent opens and closes the terminal again and again', async () => {
  await simulate('tx');
  for (let round = 0; round < 5; round++) {
    const { module, sink } = drive('tx');
    await folder.watch.until(`blocks in round ${round}`, () => sink.blocks.size >= 5);
    await module.close();
    const { deliveries } = sink;
    await module.close();
    assert.equal(sink.deliveries, deliveries);
    assert.equal(sink.losses.length, sink.opens.length);
  }
});

test('a port that is not there, or not a terminal, is said once and tried again at growing intervals', async () => {
  await symlink('/dev/null', tty('null'));
  for (const name of ['nothing', 'null']) {
    const pauses: number[] = [];
    const after: Clock['after'] = (ms, fn) => {
      pauses.push(ms);
      folder.watch.changed();
      return systemClock.after(ms, fn);
    };
    const { module, sink } = drive(name, { clock: { ...systemClock, after } });
    await folder.watch.until('four attempts', () => pauses.length === 4);
    await module.close();
    assert.deepEqual(pauses, [100, 200, 400, 800]);
    const said = log.lines.filter(
      (line) => line.includes('module.port-unavailable') && line.includes(tty(name)),
    );
    assert.equal(said.length, 1, log.lines.join('\n'));
    assert.equal(sink.opens.length + sink.losses.length, 0);
  }
});

test('a module on another link is refused', async () => {
  await simulate('tx');
  const { sink } = drive('tx', { expectedLinkId: 'L9' });
  const warned = (): boolean => log.lines.some((line) => line.includes('on link L1, not on L9'));
  const poll = setInterval(() => folder.watch.changed(), 50);
  try {
    await folder.watch.until('the warning', warned);
  } finally {
    clearInterval(poll);
  }
  assert.equal(sink.opens.length, 0);
});

test('zeroize wipes what the module holds', async () => {
  const simulator = await simulate('tx');
  const { module, sink } = drive('tx');
  sink.holdAnswers = true;
  await folder.watch.until('a window of blocks', () => sink.deliveries === 64);
  const result = await module.order('zeroize');
  assert.equal(result.outcome, 'done');
  assert.match(result.text, /^[0-9]+ blocks were wiped$/);
  await folder.watch.until('the module to have wiped', () => {
    const last = simulator.reports.at(-1);
    return last?.event === 'status' && last.zeroized >= 64;
  });
  await folder.watch.until('another opening', () => sink.opens.length === 2);
});
