import { authenticate, bindTexts } from '../keys/authenticator.ts';
import { SYNC_UNITS } from '../keys/block-rule.ts';
import { limits } from '../limits.ts';

/**
 * The proof that one side holds the bits of a link block (design rule 4): an authenticator of all units after the two that are spent,
 * keyed by the first of them for the proposal and by the second for the answer, so that each key serves one message only.
 * @param key the whole block, only lent
 * @returns 16 bytes; tells nothing about the block
 */
export function syncProof(
  role: 'proposal' | 'answer',
  sender: string,
  receiver: string,
  number: number,
  key: Buffer,
): Buffer {
  const at = role === 'proposal' ? 0 : limits.unitBytes;
  const oneTimeKey = key.subarray(at, at + limits.unitBytes);
  const text = bindTexts(`keyferry/1 sync ${role}`, sender, receiver, String(number), String(key.length));
  const tag = authenticate(oneTimeKey, [text, key.subarray(SYNC_UNITS * limits.unitBytes)]);
  // Poly1305 leaves the last bytes of what it read on the stack, where these come now.
  authenticate(ZEROS, [ZEROS.subarray(1)]);
  return tag;
}

const ZEROS = Buffer.alloc(limits.unitBytes);

/**
 * The tag of either role, seen from either side: the proposer is whoever owns the block's direction.
 * @param ends `mine`: the block's direction is that of this side
 */
export function proofSeenFrom(
  { mine, self, other }: { readonly mine: boolean; readonly self: string; readonly other: string },
  role: 'proposal' | 'answer',
  number: number,
  block: Buffer,
): Buffer {
  const iSend = (role === 'proposal') === mine;
  return syncProof(role, iSend ? self : other, iSend ? other : self, number, block);
}
