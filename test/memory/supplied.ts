import assert from 'node:assert/strict';
import type { Lab } from '../../src/cli/demo/lab.ts';
import { EventStream, encKeys } from '../end-to-end/event-stream.ts';
import { applicationOf, keyIdsOf, keysOf } from '../end-to-end/lab.ts';

/** Keys by ID, fetched at both ends of a lab in either direction and over more than one connection, and some that were pushed. */
export async function suppliedKeys(lab: Lab, rounds: number): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const keep = (body: Buffer) => {
    for (const [id, key] of keysOf(body)) found.set(id, Buffer.from(key, 'base64'));
  };
  for (const [masterId, slaveId] of [
    ['app-a', 'app-c'],
    ['app-c', 'app-a'],
  ] as const) {
    const [master, slave] = [applicationOf(lab, masterId), applicationOf(lab, slaveId)];
    try {
      for (let i = 0; i < rounds; i++) {
        const taken = await master.encKeys(slaveId, 1 + (i % 8));
        assert.equal(taken.status, 200);
        assert.equal((await slave.decKeys(masterId, keyIdsOf(taken))).status, 200);
        keep(taken.body);
      }
    } finally {
      master.close();
      slave.close();
    }
  }
  const stream = await EventStream.open(lab, 'app-c', 'app-a');
  try {
    keep((await encKeys(lab, { number: 5, extension_mandatory: [{ keyferry_notify: true }] })).body);
    await stream.waitFor(5);
  } finally {
    stream.close();
  }
  return found;
}
