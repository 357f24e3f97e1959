import type { Audit, AuditUnits } from '../env/audit.ts';
import { limits } from '../limits.ts';
import type { Part } from './relay-part.ts';

export const relaySent = { what: 'relay.sent', who: 'agent' } as const;

/** A relay of ours has arrived: which blocks it made. The key that is the ID secret of an epoch is counted with the others. */
export function recordSent(
  audit: Audit | undefined,
  destination: string,
  requestId: string,
  parts: readonly Part[],
): void {
  const units = parts.map(({ number, all }): AuditUnits => [number, 0, all.length / limits.unitBytes - 1]);
  const keys = units.reduce((sum, [, , to]) => sum + to + 1, 0);
  const sent = { ...relaySent, outcome: 'done', peer: destination, own: true } as const;
  audit?.record({ ...sent, request_id: requestId, keys, units });
}
