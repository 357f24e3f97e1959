import { Draft } from '../kx/codec/draft.ts';
import { Frame } from '../kx/codec/frame.ts';
import { closeWithHop } from '../kx/codec/hop.ts';
import { readKeyRelay, writeKeyRelay } from '../kx/codec/key-relay.ts';
import { coverKeys, doneWithKeys } from '../kx/codec/key-table.ts';
import type { BenchContext, Benchmark, Opened, Side } from './harness.ts';

const KEY_BYTES = 32;
const KEYS = 300;

/**
 * A transit node's work on the payload of a key relay message, without authenticator, store and TLS: read it, lay other pad on every key,
 * have it ready to send. Against what one would write without much thought, and against looking at every byte once.
 */
export const codecBenchmarks: readonly Benchmark[] = [
  { ...common('codec-plain'), target: 8, open: (context) => open(context, plainWay) },
  { ...common('codec-pass'), target: 0.5, open: (context) => open(context, barePass) },
];

function common(name: string): Pick<Benchmark, 'name' | 'unit' | 'better'> {
  return { name, unit: 'MB/s', better: 'more' };
}

type Work = (frame: Buffer, pad: Buffer) => number;

async function open(context: BenchContext, other: Work): Promise<Opened> {
  const frame = message();
  const pad = Buffer.alloc(KEYS * KEY_BYTES, 0xa7);
  assertSame(frame, pad);
  return {
    sides: [side('keyferry', ours, frame, pad, context), side(other.name, other, frame, pad, context)],
    close: async () => {},
  };
}

function side(name: string, work: Work, frame: Buffer, pad: Buffer, { roundMs }: BenchContext): Side {
  return {
    name,
    async measure() {
      const startMs = performance.now();
      let done = 0;
      let sum = 0;
      for (; performance.now() - startMs < roundMs / 4; done++) sum += work(frame, pad);
      if (sum === 0) throw new Error('nothing was done');
      return (done * frame.length) / (performance.now() - startMs) / 1_000;
    },
  };
}

function message(): Buffer {
  const block = { number: 123_456, epoch: 123_000, floor: 123_400, part: 0, parts: 1 };
  const fields = {
    source: 'A',
    destination: 'C',
    transit: ['B'],
    requestId: '0d5e4c1a-9b77-4e02-8f3d-aa00000000ff',
    block,
  };
  using draft = writeKeyRelay(fields, Buffer.alloc(16, 0x5e), Buffer.alloc(KEYS * KEY_BYTES, 0x3c));
  const segments = [{ number: 77, index: 12, units: KEYS + 1 }];
  const memory = Draft.of(draft.payload).takeMemory();
  return Buffer.from(closeWithHop(0x1101, memory, 10 + draft.length, segments)!);
}

function ours(frame: Buffer, pad: Buffer): number {
  using kept = Frame.of(frame).keep();
  return repadded(kept, pad).length;
}

function repadded(kept: Frame, pad: Buffer): Buffer {
  const relay = readKeyRelay(kept.payload)!;
  coverKeys(kept.payload, relay.keys, pad);
  doneWithKeys(relay.keys);
  return kept.payload;
}

type Plain = { keys: { key: string }[] };

// Key never becomes a string, but here: it shows what that would cost. The bytes are constants of this file; no node's key comes here.
function repaddedPlainly(frame: Buffer, pad: Buffer): string {
  const relay = JSON.parse(frame.toString('utf8', 10)) as Plain;
  let at = 0;
  for (const one of relay.keys) {
    const key = Buffer.from(one.key, 'base64');
    for (let i = 0; i < key.length; i++) key[i] = key[i]! ^ pad[at + i]!;
    at += key.length;
    one.key = key.toString('base64');
  }
  return JSON.stringify(relay);
}

function plainWay(frame: Buffer, pad: Buffer): number {
  return Buffer.from(repaddedPlainly(frame, pad)).length;
}

function barePass(frame: Buffer): number {
  let sum = 0;
  for (let i = 0; i < frame.length; i++) sum += frame[i]!;
  return sum;
}

/** Both ways come to the same message: what is compared does the same work. */
function assertSame(frame: Buffer, pad: Buffer): void {
  using kept = Frame.of(frame).keep();
  if (repadded(kept, pad).toString() !== repaddedPlainly(frame, pad)) throw new Error('the two ways differ');
}
