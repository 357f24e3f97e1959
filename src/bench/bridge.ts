import { decodeModuleMessage } from '../../firmware-bridge/decode.ts';
import { encodeMessage } from '../../firmware-bridge/encode.ts';
import { encodeFrame, FrameDecoder } from '../../firmware-bridge/framing.ts';
import { systemEntropy } from '../node/entropy.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import type { BenchContext, Benchmark, Opened, Side } from './harness.ts';

const PART_BYTES = 65_536;
const PARTS = 32;
const READ_BYTES = 65_536;

/** The firmware bridge's frames and messages, without a channel, read to blocks of key; against a copy of the same bytes. */
export const bridgeBenchmarks: readonly Benchmark[] = [
  { name: 'bridge-decode', unit: 'MB/s', better: 'more', target: null, open },
];

async function open({ roundMs }: BenchContext): Promise<Opened> {
  const stream = Buffer.concat(Array.from({ length: PARTS }, (_, number) => frame(number)));
  // What the kernel would have written into: the decoder wipes what it is given.
  const read = Buffer.alloc(READ_BYTES);
  const decoder = new FrameDecoder();
  const decode = (): number => {
    let keyBytes = 0;
    for (let at = 0; at < stream.length; at += READ_BYTES) {
      const length = stream.copy(read, 0, at, at + READ_BYTES);
      decoder.push(read.subarray(0, length), (envelope) => {
        const decoded = decodeModuleMessage(envelope);
        if (decoded.kind !== 'message' || decoded.message.type !== 'key_block') return;
        keyBytes += decoded.message.bytes.length;
        decoded.message.bytes.wipe();
      });
    }
    return keyBytes;
  };
  const copy = (): number => {
    let copied = 0;
    for (let at = 0; at < stream.length; at += READ_BYTES)
      copied += stream.copy(read, 0, at, at + READ_BYTES);
    return copied;
  };
  if (decode() !== PARTS * PART_BYTES) throw new Error('the decoder did not find all key');
  return {
    sides: [
      side('keyferry', decode, stream.length, roundMs),
      side('bare copy', copy, stream.length, roundMs),
    ],
    close: async () => {},
  };
}

function frame(number: number): Buffer {
  const bytes = SecretBytes.alloc(PART_BYTES);
  systemEntropy.fill(bytes.view());
  return encodeFrame(encodeMessage({ type: 'key_block', number, bytes, qber: 0.02 }));
}

function side(name: string, run: () => number, bytes: number, roundMs: number): Side {
  return {
    name,
    async measure() {
      const startMs = performance.now();
      let passes = 0;
      for (; performance.now() - startMs < roundMs; passes++) run();
      return (passes * bytes) / (performance.now() - startMs) / 1_000;
    },
  };
}
