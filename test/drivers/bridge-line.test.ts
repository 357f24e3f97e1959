import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BridgeModule, type OpenBridgeLine } from '../../drivers/bridge/module.ts';
import { manifest } from '../../drivers/bridge-serial/manifest.ts';
import { ContractSink } from '../../drivers/contract/sink.ts';
import { type Framing, StreamFraming, streamRoom } from '../../firmware-bridge/lines.ts';
import type { ByteLinkEvents } from '../../src/env/byte-link.ts';
import { secretMemory } from '../../src/secret/secret-pool.ts';
import { until } from '../manual-clock.ts';
import { contextFor, RecordingLog } from './recording-sink.ts';
import { stillModule } from './still-module.ts';

const context = () => contextFor('', new RecordingLog());

/** A line to a module, which hears what is written. */
type Joined = { readonly open: OpenBridgeLine; readonly events: () => ByteLinkEvents };

function joined(framing: Framing, heard: (bytes: Uint8Array) => void): Joined {
  let events: ByteLinkEvents | undefined;
  const link = {
    queuedBytes: 0,
    write: (bytes: Uint8Array, taken?: () => void) => {
      heard(Buffer.from(bytes));
      taken?.();
    },
    // It closes when the test says so.
    close: () => {},
  };
  const open = async (given: ByteLinkEvents) => {
    events = given;
    return { link, framing, room: streamRoom(1e6) };
  };
  return { open, events: () => events! };
}

test('a block that comes while the port is being closed goes nowhere, and is wiped', async () => {
  const held: Buffer[] = [];
  const sink = new ContractSink(manifest);
  const module = stillModule((bytes) => {
    const frame = Buffer.from(bytes);
    queueMicrotask(() => (sink.isOpen ? held.push(frame) : line.events().onData(frame)));
  }, 0);
  const line = joined(new StreamFraming(), (bytes) => module.receive(bytes));
  const bridge = new BridgeModule(context(), sink, line.open);
  module.start();
  await until('it has a block', () => {
    module.turn();
    return held.length > 3;
  });
  const before = secretMemory().used;
  const closing = bridge.close();
  for (const frame of held) line.events().onData(frame);
  assert.equal(secretMemory().used, before);
  line.events().onClosed('closed');
  await closing;
  module.stop();
  assert.deepEqual([sink.deliveries, sink.breaches], [[], []]);
});

/** Tells that it was wiped. */
class Watched extends StreamFraming {
  readonly wipes: number[] = [];
  override wipe(): void {
    super.wipe();
    this.wipes.push(1);
  }
}

test('what has come of an unfinished message is overwritten when the line goes, each time', async () => {
  const framings: Watched[] = [];
  let events: ByteLinkEvents | undefined;
  const open = async (given: ByteLinkEvents) => {
    events = given;
    const framing = new Watched();
    framings.push(framing);
    const link = {
      queuedBytes: 0,
      write: (_: Uint8Array, taken?: () => void) => taken?.(),
      close: (reason: string) => given.onClosed(reason),
    };
    return { link, framing: framing satisfies Framing, room: streamRoom(1e6) };
  };
  const module = new BridgeModule(context(), new ContractSink(manifest), open);
  const opened = async (count: number): Promise<void> => {
    await until(`opening ${count}`, () => framings.length >= count);
    await new Promise((resolve) => setImmediate(resolve));
  };
  await opened(1);
  const half = Buffer.from([0x09, 1, 2, 3]);
  events?.onData(half);
  assert.deepEqual([...half], [0, 0, 0, 0]);
  events?.onClosed('unplugged');
  assert.equal(framings[0]!.wipes.length, 1);
  await opened(2);
  await module.close();
  assert.deepEqual(
    framings.map(({ wipes }) => wipes.length),
    [1, 1],
  );
});
