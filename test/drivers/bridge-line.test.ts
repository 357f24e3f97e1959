import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BridgeModule } from '../../drivers/bridge/module.ts';
import { manifest } from '../../drivers/bridge-serial/manifest.ts';
import { ContractSink } from '../../drivers/contract/sink.ts';
import { type Framing, StreamFraming, streamRoom } from '../../firmware-bridge/lines.ts';
import type { ByteLinkEvents } from '../../src/env/byte-link.ts';
import { systemClock } from '../../src/node/clock.ts';
import { RecordingLog } from './recording-sink.ts';

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
  const context = { clock: systemClock, log: new RecordingLog(), port: { path: '' }, baudRate: 1 };
  const module = new BridgeModule(context, new ContractSink(manifest), open);
  const opened = async (count: number): Promise<void> => {
    while (framings.length < count) await new Promise((resolve) => setTimeout(resolve, 10));
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
