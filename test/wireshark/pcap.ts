/** One piece of a TCP conversation; `toServer` says which way it went. */
export type Segment = { readonly toServer: boolean; readonly bytes: Buffer };

const CLIENT_PORT = 50_000;
const LINKTYPE_RAW = 101;

/** A capture file (libpcap) of one TCP connection between 192.0.2.1 and 192.0.2.2, from its SYN on; checksums are left zero. */
export function pcapOf(serverPort: number, segments: readonly Segment[]): Buffer {
  const file = Buffer.alloc(24);
  file.writeUInt32LE(0xa1b2c3d4, 0);
  file.writeUInt16LE(2, 4);
  file.writeUInt16LE(4, 6);
  file.writeUInt32LE(65_535, 16);
  file.writeUInt32LE(LINKTYPE_RAW, 20);
  const next = { client: 1_000, server: 2_000 };
  const packets: Buffer[] = [file];
  const add = (toServer: boolean, flags: number, bytes: Buffer) => {
    const [seq, ack] = toServer ? [next.client, next.server] : [next.server, next.client];
    packets.push(record(packets.length, packet(serverPort, toServer, seq, ack, flags, bytes)));
    next[toServer ? 'client' : 'server'] += bytes.length + (flags & 2 ? 1 : 0);
  };
  add(true, 0x02, Buffer.alloc(0));
  add(false, 0x12, Buffer.alloc(0));
  add(true, 0x10, Buffer.alloc(0));
  for (const { toServer, bytes } of segments) add(toServer, 0x18, bytes);
  return Buffer.concat(packets);
}

/** `bytes` in pieces of `size`. */
export function pieces(toServer: boolean, bytes: Buffer, size: number): Segment[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => ({
    toServer,
    bytes: bytes.subarray(i * size, (i + 1) * size),
  }));
}

function record(second: number, bytes: Buffer): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(second, 0);
  head.writeUInt32LE(bytes.length, 8);
  head.writeUInt32LE(bytes.length, 12);
  return Buffer.concat([head, bytes]);
}

function packet(
  port: number,
  toServer: boolean,
  seq: number,
  ack: number,
  flags: number,
  bytes: Buffer,
): Buffer {
  const head = Buffer.alloc(40);
  const [client, server] = [0xc0000201, 0xc0000202];
  head[0] = 0x45;
  head.writeUInt16BE(40 + bytes.length, 2);
  head[8] = 64;
  head[9] = 6;
  head.writeUInt32BE(toServer ? client : server, 12);
  head.writeUInt32BE(toServer ? server : client, 16);
  head.writeUInt16BE(toServer ? CLIENT_PORT : port, 20);
  head.writeUInt16BE(toServer ? port : CLIENT_PORT, 22);
  head.writeUInt32BE(seq, 24);
  head.writeUInt32BE(flags === 0x02 ? 0 : ack, 28);
  head[32] = 0x50;
  head[33] = flags;
  head.writeUInt16BE(65_535, 34);
  return Buffer.concat([head, bytes]);
}
