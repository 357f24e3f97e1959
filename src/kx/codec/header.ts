import { limits } from '../../limits.ts';

/** Q.4163 Table I.1, and our private codes (only after ALPN `keyferry/1`). */
export const command = {
  keyRelay: 0x1101,
  keyRelayCompletion: 0x1102,
  keySupply: 0x1103,
  keySupplyResponse: 0x1104,
  hello: 0x11f0,
  syncProposal: 0x11f1,
  syncAnswer: 0x11f2,
  holdings: 0x11f3,
  ping: 0x11fe,
  pong: 0x11ff,
} as const;

export const KX_VERSION = 0x0001;

/** Q.4163 Figure I.1. `length` counts the payload only, in bytes. */
export type KxHeader = {
  readonly version: number;
  readonly messageId: number;
  readonly command: number;
  readonly length: number;
};

/** Writes the 10 bytes in network byte order into `target` at 0. */
export function writeHeader(target: Buffer, messageId: number, commandCode: number, length: number): void {
  target.writeUInt16BE(KX_VERSION, 0);
  target.writeUInt32BE(messageId, 2);
  target.writeUInt16BE(commandCode, 6);
  target.writeUInt16BE(length, 8);
}

/** `source` holds at least 10 bytes from `at`. */
export function readHeader(source: Buffer, at: number): KxHeader {
  return {
    version: source.readUInt16BE(at),
    messageId: source.readUInt32BE(at + 2),
    command: source.readUInt16BE(at + 6),
    length: source.readUInt16BE(at + 8),
  };
}

/** A whole frame in memory of its own, the payload still to be filled in from byte 10 on. */
export function allocFrame(commandCode: number, payloadBytes: number): Buffer {
  const frame = Buffer.alloc(limits.kxHeaderBytes + payloadBytes);
  writeHeader(frame, 0, commandCode, payloadBytes);
  return frame;
}

/** The message ID is given when the frame's turn to leave has come. */
export function setMessageId(frame: Buffer, messageId: number): void {
  frame.writeUInt32BE(messageId, 2);
}
