import sodium from 'sodium-native';
import { limits } from '../limits.ts';

/**
 * Memory for secrets, by size: powers of two. It comes from libsodium in pieces: locked, so that it is never written to swap; left out of
 * core dumps; between pages that nobody may touch; wiped before the system gets it back. A piece costs pages and system calls, so short
 * secrets lie in slots of a shared one. It is outside the collected heap, where the collector leaves copies of what has up to 64 bytes.
 */
const SMALLEST = 32;
/** Of a piece that is cut into slots. A longer secret has a piece of its own. */
const SHARED_BYTES = 64 << 10;
/** Of each longer size, pieces of so many bytes are kept for those who come next. */
const KEPT_BYTES = 8 << 20;

type Size = { readonly bytes: number; readonly free: Buffer[]; piece: Buffer | undefined; cut: number };

const sizes = new Map<number, Size>();
/** Memory that is not libsodium's. */
const ordinary = new WeakSet<Buffer>();
const state = { guarded: 0, unlocked: 0, ordinary: 0, used: 0 };
let tell: (() => void) | undefined;

/** All in bytes. */
export type SecretMemory = {
  /** From libsodium: left out of core dumps. */
  readonly guarded: number;
  /** Of these, what the system refused to lock: it may be written to swap. */
  readonly unlocked: number;
  /** In use, and from elsewhere, because there was no more: it may be in a core dump, too. */
  readonly ordinary: number;
  /** In use. */
  readonly used: number;
};

export function secretMemory(): SecretMemory {
  return { ...state };
}

/** @param listener is called once, when there is memory for secrets that is not guarded as it should be */
export function onUnguarded(listener: () => void): void {
  tell = listener;
  if (state.unlocked + state.ordinary > 0) weakened();
}

/** All zero. @param length bytes, at least */
export function takeSecretMemory(length: number): Buffer {
  let bytes = SMALLEST;
  while (bytes < length) bytes *= 2;
  let size = sizes.get(bytes);
  if (size === undefined) {
    size = { bytes, free: [], piece: undefined, cut: 0 };
    sizes.set(bytes, size);
  }
  state.used += bytes;
  return size.free.pop() ?? make(size);
}

/** Wipes memory of `takeSecretMemory`. @param used how many bytes of it were written to, from the first on */
export function giveSecretMemory(memory: Buffer, used: number): void {
  memory.fill(0, 0, used);
  const bytes = memory.length;
  state.used -= bytes;
  if (state.ordinary > 0 && ordinary.delete(memory)) {
    state.ordinary -= bytes;
    return;
  }
  const { free } = sizes.get(bytes)!;
  if (bytes < SHARED_BYTES || free.length < KEPT_BYTES / bytes) free.push(memory);
  else {
    state.guarded -= bytes;
    sodium.sodium_free(memory);
  }
}

function make(size: Size): Buffer {
  const { bytes } = size;
  if (bytes >= SHARED_BYTES) return guarded(bytes) ?? fromElsewhere(bytes);
  if (size.piece === undefined || size.cut === SHARED_BYTES) {
    size.piece = guarded(SHARED_BYTES);
    size.cut = 0;
  }
  if (size.piece === undefined) return fromElsewhere(bytes);
  size.cut += bytes;
  return size.piece.subarray(size.cut - bytes, size.cut);
}

function guarded(bytes: number): Buffer | undefined {
  if (state.guarded + bytes > limits.secretBytesMax) return undefined;
  const piece = sodium.sodium_malloc(bytes);
  if (piece.length !== bytes) return undefined;
  piece.fill(0);
  state.guarded += bytes;
  try {
    // It was tried before, but whether that worked is told only to who asks for it.
    sodium.sodium_mlock(piece);
  } catch {
    state.unlocked += bytes;
    weakened();
  }
  return piece;
}

function fromElsewhere(bytes: number): Buffer {
  // Not a typed array of up to 64 bytes: that would lie in the collected heap.
  const memory = Buffer.from(new ArrayBuffer(bytes));
  ordinary.add(memory);
  state.ordinary += bytes;
  weakened();
  return memory;
}

function weakened(): void {
  tell?.();
  tell = undefined;
}
