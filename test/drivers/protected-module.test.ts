// Needs util-linux (script), as every test that runs simulated modules.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { BridgeModule } from '../../drivers/bridge/module.ts';
import { driver as bridgeSerial } from '../../drivers/bridge-serial/driver.ts';
import { systemEntropy as entropy } from '../../src/node/entropy.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { BlockSource } from '../../src/simulator/block-source.ts';
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

const tty = (): string => join(folder.path, 'tty');

function keyFile(name: string, key: Buffer): string {
  const path = join(folder.path, name);
  writeFileSync(path, key, { mode: 0o600 });
  return path;
}

function simulate(...more: string[]): Promise<Simulator> {
  const link = ['--seed', 'test', '--link-id', 'L1', '--role', 'tx', '--symlink', tty()];
  return folder.start([...link, '--blocks-per-second', '200', '--block-bytes', '512', ...more]);
}

function drive(key: Buffer | undefined): { module: BridgeModule; sink: RecordingSink } {
  const sink = new RecordingSink(folder.watch);
  using moduleKey = key && SecretBytes.copyOf(key);
  const channel = moduleKey && { moduleKey, entropy };
  const module = bridgeSerial.open(contextFor(tty(), log, { channel }), sink);
  open.push(module);
  return { module, sink };
}

/** Waits for something that only the log tells. */
async function logged(what: RegExp): Promise<void> {
  const poll = setInterval(() => folder.watch.changed(), 50);
  try {
    await folder.watch.until(String(what), () => log.lines.some((line) => what.test(line)));
  } finally {
    clearInterval(poll);
  }
}

test('a module with the key delivers its blocks over the channel, and goes on after it was killed', async () => {
  const key = randomBytes(32);
  const file = keyFile('key', key);
  const first = await simulate('--module-key', file);
  const { sink } = drive(key);
  await folder.watch.until('blocks', () => sink.blocks.size >= 40);
  await folder.kill(first);
  const second = await simulate('--module-key', file);
  assert.equal(await readlink(tty()), second.terminal);
  const before = sink.blocks.size;
  await folder.watch.until('more blocks', () => sink.blocks.size >= before + 40);
  assert.equal(sink.opens.length, 2);
  const source = new BlockSource({
    ...{ seed: Buffer.from('test'), linkId: 'L1', blockBytes: 512 },
    ...{ blocksPerSecond: 200, startMs: 0 },
  });
  for (const [number, hex] of sink.blocks) assert.equal(source.block(number).view().toString('hex'), hex);
});

test('a module with another key, or with none, never feeds a block, and the log says why', async () => {
  const key = randomBytes(32);
  const swapped = await simulate('--module-key', keyFile('other', randomBytes(32)));
  const { sink, module } = drive(key);
  await logged(/module.hung-up.*has another module key/);
  await module.close();
  await folder.kill(swapped);
  await simulate();
  const plain = drive(key);
  await logged(/module.hung-up.*speaks without a channel/);
  assert.deepEqual([sink.opens, plain.sink.opens], [[], []]);
  assert.equal(sink.deliveries + plain.sink.deliveries, 0);
});

test('a module that has a key says nothing to an agent that has none', async () => {
  const simulator = await simulate('--module-key', keyFile('key', randomBytes(32)));
  const { sink } = drive(undefined);
  await logged(/module.hung-up.*demands a module key/);
  assert.equal(sink.opens.length, 0);
  await folder.watch.until('a status', () => simulator.reports.at(-1)?.event === 'status');
  const last = simulator.reports.at(-1);
  assert(last?.event === 'status' && last.sent === 0);
});

test('a key file that others may read is refused', async () => {
  const file = keyFile('key', randomBytes(32));
  chmodSync(file, 0o644);
  const simulator = await simulate('--module-key', file);
  assert.notEqual(await simulator.ended, 0);
  assert.match(simulator.stderr(), /can be read by others/);
});

test('blocks of 12.5 MB pass through the terminal in parts, sealed, with numbers to spare for their pieces', async () => {
  const key = randomBytes(32);
  const long = ['--block-bytes', '12500000', '--blocks-per-second', '1', '--buffer-blocks', '4'];
  await simulate('--module-key', keyFile('key', key), ...long);
  const { sink } = drive(key);
  await folder.watch.until('two blocks', () => sink.blocks.size >= 2);
  for (const [number, hex] of sink.blocks) {
    assert.equal(number % 12, 0);
    assert.equal(hex.length, 25_000_000);
  }
  assert.deepEqual(sink.losses, []);
});

test('a module obeys start, stop, identify and zeroize, and says what it cannot do', async () => {
  const key = randomBytes(32);
  const simulator = await simulate('--module-key', keyFile('key', key));
  const { module, sink } = drive(key);
  assert.equal((await module.order('stop')).outcome, 'failed', 'nothing is open yet');
  await folder.watch.until('blocks', () => sink.blocks.size >= 5);
  assert.deepEqual(await module.order('stop'), { outcome: 'done', text: 'makes no key' });
  await folder.watch.until('that it stopped', () => sink.telemetry.at(-1)?.status === 'passive');
  const { deliveries } = sink;
  assert.equal((await module.order('self_test')).outcome, 'not_supported');
  const [one, two] = await Promise.all([module.order('identify'), module.order('identify')]);
  assert.deepEqual([one.outcome, two.outcome], ['done', 'failed']);
  await folder.watch.until('the light', () => {
    const last = simulator.reports.at(-1);
    return last?.event === 'status' && last.identified === 1 && !last.running;
  });
  assert.equal(sink.deliveries, deliveries);
  assert.equal((await module.order('start')).outcome, 'done');
  await folder.watch.until('more blocks', () => sink.deliveries >= deliveries + 20);
  // What destroys key waits for nothing.
  const [cut, wiped] = await Promise.all([module.order('identify'), module.order('zeroize')]);
  assert.deepEqual(cut, { outcome: 'failed', text: 'a zeroization has cut it short' });
  assert.match(wiped.text, /^[0-9]+ blocks were wiped$/);
  await folder.watch.until('another opening', () => sink.opens.length === 2);
});
