import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { FrameReader } from '../../src/kx/codec/frame-reader.ts';
import { setMessageId } from '../../src/kx/codec/header.ts';
import { closeWithHop, sealHop, verifyHop } from '../../src/kx/codec/hop.ts';
import { readKeyRelay, writeKeyRelay } from '../../src/kx/codec/key-relay.ts';
import { coverKeys, uncoverKeys } from '../../src/kx/codec/key-table.ts';
import { writeHello } from '../../src/kx/codec/private-messages.ts';
import { limits } from '../../src/limits.ts';
import { serve } from './processes.ts';
import { linkBlock, messagesPerBlock } from './transit-key.ts';

export type Files = { readonly cert: string; readonly key: string; readonly ca: string };
/** `prepare`: frames from A to B under link blocks from `first` on. `send`: all of them to `port`, by whatever stands there. */
export type EndsMessage =
  | {
      readonly what: 'prepare';
      readonly first: number;
      readonly messages: number;
      readonly keys: number;
      readonly a: Files;
      readonly c: Files;
    }
  | { readonly what: 'send'; readonly port: number; readonly greets: boolean };
export type Sent = { readonly ms: number; readonly bytes: number; readonly keyBytes: number };

/** Frames under way at a time: enough that nobody waits, far fewer than a node holds back for a neighbour. */
const WINDOW = 48;
const REQUEST = '0d5e4c1a-9b77-4e02-8f3d-aa00000000ff';
const KEY = Buffer.alloc(limits.unitBytes * limits.relayKeysMax, 0x3c);
const VERIFY_EVERY = 50;

let prepared: (Extract<EndsMessage, { what: 'prepare' }> & { frames: Buffer[] }) | undefined;

serve(async (message: EndsMessage) => {
  if (message.what === 'send') return send(message.port, message.greets);
  prepared = { ...message, frames: framesOf(message) };
  return null;
});

function framesOf({ first, messages, keys }: Extract<EndsMessage, { what: 'prepare' }>): Buffer[] {
  const perBlock = messagesPerBlock(keys);
  let block: Buffer = Buffer.alloc(0);
  return Array.from({ length: messages }, (_, i) => {
    const number = first + Math.floor(i / perBlock);
    const index = (i % perBlock) * (keys + 1);
    if (index === 0) block = linkBlock(number);
    const pad = block.subarray(index * limits.unitBytes, (index + keys + 1) * limits.unitBytes);
    const relayed = { number: i, epoch: 0, floor: 0, part: 0, parts: 1 };
    const fields = { source: 'A', destination: 'C', transit: ['B'], requestId: REQUEST, block: relayed };
    using draft = writeKeyRelay(fields, Buffer.alloc(16, i), KEY.subarray(0, keys * limits.unitBytes));
    coverKeys(draft.payload, draft.keys!, pad.subarray(limits.unitBytes));
    const memory = Buffer.alloc(10 + draft.length + limits.hopEntryBytesMax);
    memory.set(draft.payload, 10);
    const frame = closeWithHop(0x1101, memory, 10 + draft.length, [{ number, index, units: keys + 1 }])!;
    // The greeting is message 1.
    setMessageId(frame, i + 2);
    sealHop(frame, 'A', 'B', pad.subarray(0, limits.unitBytes));
    return frame;
  });
}

async function send(port: number, greets: boolean): Promise<Sent> {
  const { frames, a, c, keys } = prepared!;
  const [from, to] = [await dial(port, a), await dial(port, c)];
  let arrived = 0;
  const samples: Buffer[] = [];
  const reader = new FrameReader((code) => code >= 0x1101 && code <= 0x11ff);
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  let goOn = () => {};
  to.on('data', (chunk: Buffer) => {
    reader.push(chunk);
    for (let frame = reader.pull(); frame !== undefined; frame = reader.pull()) {
      if (frame.command !== 0x1101) continue;
      if (arrived % VERIFY_EVERY === 0) samples.push(Buffer.concat([frame.headerBytes, frame.payload]));
      arrived += 1;
    }
    goOn();
    if (arrived === frames.length) resolve();
  });
  from.on('data', () => {});
  for (const socket of [from, to]) {
    socket.on('close', () => reject(new Error(`the other side hung up after ${arrived} messages`)));
  }
  if (greets) await greet(from, to);
  const startMs = performance.now();
  for (const [i, frame] of frames.entries()) {
    while (i - arrived >= WINDOW) await new Promise<void>((next) => (goOn = next));
    from.write(frame);
  }
  await done;
  const ms = performance.now() - startMs;
  for (const socket of [from, to]) socket.removeAllListeners('close').destroy();
  if (greets) for (const sample of samples) verify(sample, keys);
  return {
    ms,
    bytes: frames.reduce((sum, { length }) => sum + length, 0),
    keyBytes: frames.length * keys * limits.unitBytes,
  };
}

async function dial(port: number, { cert, key, ca }: Files): Promise<TLSSocket> {
  const tls = { cert, key, ca, minVersion: 'TLSv1.3', ALPNProtocols: ['keyferry/1'] } as const;
  const socket = connect({ ...tls, host: '127.0.0.1', port, checkServerIdentity: () => undefined });
  await once(socket, 'secureConnect');
  socket.setNoDelay(true);
  socket.on('error', () => {});
  return socket;
}

async function greet(from: TLSSocket, to: TLSSocket): Promise<void> {
  const hello = (kmaId: string) => {
    const frame = writeHello({ kmaId, unitBits: 256, storeId: `store of ${kmaId}` });
    setMessageId(frame, 1);
    return frame;
  };
  const heard = [once(from, 'data'), once(to, 'data')];
  from.write(hello('A'));
  to.write(hello('C'));
  await Promise.all(heard);
}

/** That what came out is what went in, under the pad that it names. */
function verify(sample: Buffer, keys: number): void {
  const [headerBytes, payload] = [sample.subarray(0, 10), sample.subarray(10)];
  const { hop, keys: table } = readKeyRelay(payload)!;
  const pad = Buffer.concat(
    hop!.segments.map(({ number, index, units }) =>
      linkBlock(number).subarray(index * limits.unitBytes, (index + units) * limits.unitBytes),
    ),
  );
  const authentic = verifyHop(headerBytes, payload, hop!, 'B', 'C', pad.subarray(0, limits.unitBytes));
  const found = Buffer.alloc(table.bytes);
  uncoverKeys(payload, table, pad.subarray(limits.unitBytes), found);
  if (!authentic || !found.equals(KEY.subarray(0, keys * limits.unitBytes)))
    throw new Error('what arrived is not what was sent');
}
