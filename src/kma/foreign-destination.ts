import { AgentError } from '../errors.ts';
import { foreignKeyId } from '../keys/foreign-key-id.ts';
import type { RelayResponse } from '../kx/codec/completion.ts';
import type { KeyRelay } from '../kx/codec/key-relay.ts';
import { uncoverKeys } from '../kx/codec/key-table.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import type { ForeignKey, ForeignKeys, Kept } from '../store/foreign-keys.ts';

const RESPONSES: Readonly<Record<Kept, RelayResponse | undefined>> = {
  kept: 'success',
  known: 'success',
  conflict: 'conflict',
  // The one that is being stored is answered when it is.
  underway: undefined,
  full: 'overloaded',
};

/**
 * The destination of relays from plain KMAs (Q.4163 §7.1): keys of any size under IDs of any form, stored as they come.
 * @param covered the pad that lies on the keys; only lent
 * @param stats counts what was new
 * @returns what the completion says, once it is true on disk; undefined when the same keys are just being stored
 */
export async function takeForeign(
  store: ForeignKeys,
  payload: Buffer,
  relay: KeyRelay,
  covered: Buffer,
  stats: { blocks: number; keys: number },
): Promise<RelayResponse | undefined> {
  const { source, keys: table } = relay;
  const ids = Array.from({ length: table.count }, (_, i) => foreignKeyId(table.id(payload, i) ?? ''));
  if (!ids.every((id) => id !== undefined) || new Set(ids).size !== ids.length) return 'unsupported_key';
  const keys: ForeignKey[] = [];
  try {
    using all = SecretBytes.alloc(table.bytes);
    uncoverKeys(payload, table, covered, all.view());
    for (let i = 0, at = 0; i < ids.length; i++) {
      const { bytes } = table.range(i);
      keys.push({ id: ids[i]!, bytes: SecretBytes.copyOf(all.view().subarray(at, at + bytes)) });
      at += bytes;
    }
    const kept = await store.insert(source, keys);
    if (kept === 'kept') {
      stats.blocks += 1;
      stats.keys += keys.length;
    }
    return RESPONSES[kept];
  } catch (thrown) {
    if (thrown instanceof AgentError && thrown.fault === 'host') return 'store_unavailable';
    throw thrown;
  } finally {
    for (const { bytes } of keys) bytes.wipe();
  }
}
