import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { BridgeModule } from '../../drivers/bridge/module.ts';
import { StreamFraming, streamRoom } from '../../firmware-bridge/lines.ts';
import type { ByteLinkEvents } from '../../src/env/byte-link.ts';
import { limits } from '../../src/limits.ts';
import { ManualClock, until } from '../manual-clock.ts';
import { contextFor, RecordingLog, RecordingSink } from './recording-sink.ts';
import { Watch } from './simulator-process.ts';
import { stillModule } from './still-module.ts';

let log: RecordingLog;
let sink: RecordingSink;
let module: BridgeModule;
let port: ByteLinkEvents;
let clock: ManualClock;
let heard: (chunk: Buffer) => void;

beforeEach(async () => {
  log = new RecordingLog();
  clock = new ManualClock();
  sink = new RecordingSink(new Watch());
  heard = () => {};
  let isOpen = false;
  module = new BridgeModule(contextFor('', log, { clock }), sink, async (events) => {
    port = events;
    isOpen = true;
    const link = {
      queuedBytes: 0,
      write: (bytes: Uint8Array, taken?: () => void) => {
        heard(Buffer.from(bytes));
        taken?.();
      },
      close: events.onClosed,
    };
    return { link, framing: new StreamFraming(), room: streamRoom(Number.POSITIVE_INFINITY) };
  });
  await until('the port', () => isOpen);
});

afterEach(() => module.close());

const KIB = 1 << 10;
const hungUp = (): string[] => log.lines.filter((line) => line.includes('module.hung-up'));

function noise(bytes: number, of: number): void {
  for (let sent = 0; sent < bytes; sent += KIB) port.onData(Buffer.alloc(KIB, of));
}

for (const [name, byte] of [
  ['delimiters', 0],
  ['a frame without an end', 0x55],
] as const) {
  test(`a port that carries nothing but ${name} is hung up on`, () => {
    noise(limits.bridgeNoiseBytesMax - KIB, byte);
    assert.deepEqual(hungUp(), []);
    noise(KIB, byte);
    assert.match(hungUp().join(), /1024 KiB came without one message/);
  });
}

test('after noise that is not endless the module is in step again, and noise is counted anew after each message', async () => {
  const device = stillModule((frame) => port.onData(frame), 0);
  heard = (chunk) => device.receive(chunk);
  noise(limits.bridgeNoiseBytesMax - KIB, 0x55);
  device.start();
  // The greeting that it has not heard is repeated.
  await clock.leap(1_500);
  await until('the opening', () => sink.opens.length > 0);
  noise(limits.bridgeNoiseBytesMax - KIB, 0);
  assert.deepEqual(hungUp(), []);
  device.stop();
});
