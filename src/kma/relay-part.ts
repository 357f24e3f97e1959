import { plainKeyIdBytes } from '../keys/plain-key-id.ts';
import { limits } from '../limits.ts';
import type { SecretBytes } from '../secret/secret-bytes.ts';
import type { Pool } from '../store/pool.ts';

/** One message of a request: a block of its own. */
export type Part = {
  readonly number: number;
  /** ID of the first key that is sent: 16 bytes. */
  readonly firstId: Buffer;
  /** What is sent; lent by the request, as is `all`. */
  readonly keys: Buffer;
  /** What is kept as the block. */
  readonly all: Buffer;
};

/**
 * The one message of a request to a plain KM. The ID secret is not sent: it makes the IDs under which the keys are sent, and later supplied.
 * @param block lent; begins with the ID secret where `number` begins the epoch
 */
export function plainPart(pool: Pool, number: number, block: SecretBytes, epoch: number): Part {
  const all = block.view();
  const first = number === epoch ? 1 : 0;
  const secret = first === 1 ? all.subarray(0, limits.unitBytes) : pool.idSecrets.own.get(epoch)!.view();
  const firstId = plainKeyIdBytes(secret, number, first);
  return { number, firstId, keys: all.subarray(first * limits.unitBytes), all };
}
