import type { TestContext } from 'node:test';
import type { Link } from '../../src/audit/chain/line.ts';
import { AuditTrail, type TrailOptions } from '../../src/audit/trail.ts';
import type { AuditEvent } from '../../src/env/audit.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { ManualClock } from '../manual-clock.ts';
import { Lines } from '../store/temp-store.ts';
import { sealerOf } from './lines.ts';

/** A trail on a real disk; what the store would remember is `anchor`. */
export type TestTrail = {
  readonly trail: AuditTrail;
  readonly log: Lines;
  readonly clock: ManualClock;
  anchor: Link | undefined;
};

export function trailFor(
  t: TestContext,
  directory: string,
  settings: Partial<TrailOptions> & { readonly key?: number } = {},
): TestTrail {
  const { key = 7, ...more } = settings;
  const log = new Lines();
  const clock = new ManualClock().run(t);
  const made: { anchor: Link | undefined } = { anchor: settings.anchor };
  const trail = new AuditTrail({
    directory,
    kmaId: 'A',
    sealer: sealerOf(key),
    clock,
    disk: systemDisk,
    log,
    maxBytes: 1 << 20,
    whenFull: 'go_on',
    anchor: undefined,
    remember: async (head) => {
      made.anchor = head;
    },
    ...more,
  });
  t.after(() => trail.end());
  return Object.assign(made, { trail, log, clock });
}

export function event(i: number, more: Partial<AuditEvent> = {}): AuditEvent {
  const ids = [`00000000-0000-4000-8000-${String(i).padStart(12, '0')}`];
  return { what: 'supply.enc_keys', who: 'sae:app-a', outcome: 'done', keys: 1, key_ids: ids, ...more };
}
