/** What a piece of known key is written in somewhere: `raw`, `hex`, … */
export type Hit = {
  /** Of the key, as it was given to the finder. */
  readonly name: string;
  readonly form: string;
  /** Of the piece in the key. */
  readonly keyOffset: number;
  /** In what was searched. */
  readonly address: number;
};

type Piece = {
  readonly name: string;
  readonly keyOffset: number;
  readonly form: string;
  readonly bytes: Buffer;
};

const RAW_BYTES = 8;
const TEXT_BYTES = 12;
const FILTER_BITS = 23;
/** What of a chunk is searched again at the beginning of the next one: a piece less one byte. */
export const OVERLAP_BYTES = 2 * 2 * TEXT_BYTES - 1;

/**
 * Finds known keys in a sea of bytes: any run of 16 bytes of them, as they are, in reversed order, and as hexadecimal or base64 text (all
 * three alignments, both alphabets) in one or two bytes a letter.
 */
export class KeyFinder {
  readonly #filter = new Uint32Array(1 << (FILTER_BITS - 5));
  readonly #pieces = new Map<number, Piece[]>();
  count = 0;

  /** A key in all forms, from every byte of it on. */
  add(name: string, key: Buffer): void {
    for (let at = 0; at + RAW_BYTES <= key.length; at++) {
      const piece = key.subarray(at, at + RAW_BYTES);
      this.#add(name, at, 'raw', piece);
      this.#add(name, at, 'reversed', Buffer.from(piece).reverse());
      const hex = piece.toString('hex');
      for (const text of [hex, hex.toUpperCase()]) this.#addText(name, at, 'hex', text);
    }
    // Nine bytes are twelve letters in whichever alignment begins with them.
    for (let at = 0; at + 9 <= key.length; at++) {
      const piece = key.subarray(at, at + 9);
      const texts = new Set([piece.toString('base64'), piece.toString('base64url')]);
      for (const text of texts) this.#addText(name, at, 'base64', text);
    }
  }

  /** Much key, as it is alone: every eighth byte begins a piece. */
  addRaw(name: string, key: Buffer): void {
    for (let at = 0; at + RAW_BYTES <= key.length; at += RAW_BYTES)
      this.#add(name, at, 'raw', key.subarray(at, at + RAW_BYTES));
  }

  /** @param address of the first byte of `bytes` */
  search(bytes: Buffer, address: number, onHit: (hit: Hit) => void): void {
    const filter = this.#filter;
    let word = 0;
    for (let i = 0; i < bytes.length; i++) {
      word = (word >>> 8) | (bytes[i]! << 24);
      if (word === 0) continue;
      const at = Math.imul(word, 0x9e3779b1) >>> (32 - FILTER_BITS);
      if ((filter[at >>> 5]! & (1 << (at & 31))) === 0 || i < 3) continue;
      const start = i - 3;
      if (start + RAW_BYTES > bytes.length) continue;
      for (const piece of this.#pieces.get(mixed(word, bytes.readInt32LE(start + 4))) ?? []) {
        const end = start + piece.bytes.length;
        if (piece.bytes.compare(bytes, start, Math.min(end, bytes.length)) !== 0) continue;
        const { name, form, keyOffset } = piece;
        onHit({ name, form, keyOffset, address: address + start });
      }
    }
  }

  #addText(name: string, keyOffset: number, form: string, text: string): void {
    this.#add(name, keyOffset, form, Buffer.from(text, 'latin1'));
    this.#add(name, keyOffset, `${form} utf16`, Buffer.from(text, 'utf16le'));
  }

  #add(name: string, keyOffset: number, form: string, bytes: Buffer): void {
    const word = bytes.readInt32LE(0);
    const at = Math.imul(word, 0x9e3779b1) >>> (32 - FILTER_BITS);
    this.#filter[at >>> 5]! |= 1 << (at & 31);
    const place = mixed(word, bytes.readInt32LE(4));
    const same = this.#pieces.get(place);
    const piece = { name, keyOffset, form, bytes };
    if (same === undefined) this.#pieces.set(place, [piece]);
    else same.push(piece);
    this.count += 1;
  }
}

function mixed(low: number, high: number): number {
  return low ^ Math.imul(high, 0x85ebca6b);
}
