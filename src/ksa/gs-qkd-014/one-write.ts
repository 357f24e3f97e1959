import type { Writable } from 'node:stream';

type Piece = { chunk: Buffer | string; encoding: BufferEncoding };

/** Holds the header and a few keys: most answers. */
const USUAL_BYTES = 1_024;

/**
 * Makes a TLS socket take header and body of an answer as one buffer that is wiped afterwards. Left alone, Node's TLS
 * layer joins the pieces of a corked write in memory of its own that it frees without wiping, which would leave a copy
 * of every key on the heap. A write of one buffer is encrypted straight from it.
 */
export function writeInOnePiece(socket: Writable): void {
  // A stream has one write under way at a time, so the next finds the buffer free and wiped.
  let usual: Buffer | undefined;
  const room = (bytes: number): Buffer => {
    if (bytes > USUAL_BYTES) return Buffer.alloc(bytes);
    usual ??= Buffer.alloc(USUAL_BYTES);
    return usual.subarray(0, bytes);
  };
  socket._writev = (pieces: Piece[], callback) => {
    let bytes = 0;
    for (const { chunk, encoding } of pieces) bytes += Buffer.byteLength(chunk, encoding);
    const whole = room(bytes);
    let at = 0;
    for (const { chunk, encoding } of pieces) {
      at += typeof chunk === 'string' ? whole.write(chunk, at, encoding) : chunk.copy(whole, at);
    }
    socket._write(whole, 'buffer' as BufferEncoding, (error) => {
      whole.fill(0);
      callback(error);
    });
  };
}
