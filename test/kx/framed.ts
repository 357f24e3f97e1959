import { Draft } from '../../src/kx/codec/draft.ts';
import { closeWithHop, type PadSegment } from '../../src/kx/codec/hop.ts';
import type { KeyRelay } from '../../src/kx/codec/key-relay.ts';
import type { KeyRange } from '../../src/kx/codec/key-table.ts';

/** A frame of what a draft holds, or of text up to the hop entry, with the entry behind it; the draft stays as it is. */
export function frameWithHop(
  commandCode: number,
  prefix: Draft | Buffer,
  segments: readonly PadSegment[],
): Buffer | undefined {
  const memory = Draft.of('payload' in prefix ? prefix.payload : prefix).takeMemory();
  return closeWithHop(commandCode, memory, 10 + prefix.length, segments);
}

/** Where the keys of a message stand. */
export function rangesOf({ keys }: Pick<KeyRelay, 'keys'>): KeyRange[] {
  return [...Array(keys.count).keys()].map((i) => keys.range(i));
}

export function idsOf(payload: Buffer, { keys }: Pick<KeyRelay, 'keys'>): (string | undefined)[] {
  return [...Array(keys.count).keys()].map((i) => keys.id(payload, i));
}
