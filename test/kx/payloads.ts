/** Payloads with single members changed, for the readers' tests. */

const hopEntry = { keyferry_hop: { pad: [[4, 30, 2]], tag: Buffer.alloc(16, 1).toString('base64') } };

export const keyOf = (first: number) => Buffer.alloc(32, first).toString('base64');

export type Members = Record<string, unknown>;

/** A complete key relay message, its members replaced by `changes`; one that is undefined is left out. */
export function relayMembers(changes: Members = {}): Members {
  return {
    source_KMA_ID: 'A',
    destination_KMA_ID: 'C',
    transit_KMA_IDs: ['B'],
    keys: [
      { key_ID: 'one', key: keyOf(1) },
      { key_ID: 'two', key: keyOf(2) },
    ],
    key_relay_request_ID: 'request',
    extension: [{ keyferry_block: { number: 12, epoch: 10, floor: 9 } }, hopEntry],
    ...changes,
  };
}

export function completionMembers(changes: Members = {}): Members {
  return { response: 'success', key_relay_request_ID: 'request', extension: [hopEntry], ...changes };
}

export function payloadOf(members: unknown): Buffer {
  return Buffer.from(JSON.stringify(members));
}

/** A completion whose hop entry is `hop`, or has its members changed. */
export function withHopEntry(changes: Members): Buffer {
  return payloadOf(
    completionMembers({ extension: [{ keyferry_hop: { ...hopEntry.keyferry_hop, ...changes } }] }),
  );
}
