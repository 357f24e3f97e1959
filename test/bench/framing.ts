import { Readable } from 'node:stream';
import { parse } from 'pg-protocol';
import type { BenchContext, Benchmark, Opened, Side } from '../../src/bench/harness.ts';
import { FrameReader } from '../../src/kx/codec/frame-reader.ts';
import { writeHeader } from '../../src/kx/codec/header.ts';

/** As long as a relay of a few keys. */
const MESSAGE_BYTES = 412;
const MESSAGES = 2_000;

/**
 * Cutting a byte stream into messages, by the size of reads, against the parser of a widely used database client on messages of the same
 * size. Both find every message and hand out its bytes; neither looks into them.
 */
export const framingBenchmarks: readonly Benchmark[] = [64, 1_460, 65_536].map((readBytes) => ({
  name: `framing-${readBytes}`,
  unit: 'messages/s',
  better: 'more',
  target: 1,
  open: (context) => open(context, readBytes),
}));

async function open({ roundMs }: BenchContext, readBytes: number): Promise<Opened> {
  const kx = chunksOf(kxMessage(), readBytes);
  const pg = chunksOf(pgMessage(), readBytes);
  const reader = new FrameReader((code) => code === 0x1101);
  const feed = { read: (_: Buffer) => {} };
  let parsed = 0;
  const stream = new Readable({ read() {} });
  // `parse` takes a stream; handing chunks to its listener leaves out what the stream itself costs, as on our side.
  void parse(stream as unknown as NodeJS.ReadableStream, (message) => {
    parsed += (message as unknown as { chunk: Buffer }).chunk.length === MESSAGE_BYTES - 5 ? 1 : 0;
  });
  feed.read = stream.listeners('data')[0] as (chunk: Buffer) => void;
  const ours = () => {
    let found = 0;
    for (const chunk of kx) {
      reader.push(chunk);
      for (let frame = reader.pull(); frame !== undefined; frame = reader.pull())
        found += frame.payload.length === MESSAGE_BYTES - 10 ? 1 : 0;
    }
    return found;
  };
  const theirs = () => {
    parsed = 0;
    for (const chunk of pg) feed.read(chunk);
    return parsed;
  };
  return {
    sides: [side('keyferry', ours, roundMs), side('pg-protocol', theirs, roundMs)],
    close: async () => {},
  };
}

function side(name: string, run: () => number, roundMs: number): Side {
  return {
    name,
    async measure() {
      const startMs = performance.now();
      let messages = 0;
      while (performance.now() - startMs < roundMs / 4) {
        const found = run();
        if (found !== MESSAGES) throw new Error(`${name} found ${found} of ${MESSAGES} messages`);
        messages += found;
      }
      return (messages * 1_000) / (performance.now() - startMs);
    },
  };
}

function chunksOf(message: Buffer, readBytes: number): Buffer[] {
  const stream = Buffer.alloc(MESSAGES * message.length);
  for (let i = 0; i < MESSAGES; i++) stream.set(message, i * message.length);
  const chunks: Buffer[] = [];
  for (let at = 0; at < stream.length; at += readBytes) chunks.push(stream.subarray(at, at + readBytes));
  return chunks;
}

function kxMessage(): Buffer {
  const message = Buffer.alloc(MESSAGE_BYTES, 0x20);
  writeHeader(message, 1, 0x1101, MESSAGE_BYTES - 10);
  return message;
}

// CopyData: its bytes are handed out as they are, so that nothing but framing is measured.
function pgMessage(): Buffer {
  const message = Buffer.alloc(MESSAGE_BYTES, 0x20);
  message.write('d', 0, 'latin1');
  message.writeUInt32BE(MESSAGE_BYTES - 1, 1);
  return message;
}
