import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type DestroyRequest, destroyKeys } from '../../src/agent/keys.ts';
import type { AgentParts } from '../../src/agent/status.ts';
import { callAgent } from '../../src/cli/control-client.ts';
import { type Controlled, startControl } from '../../src/control/server.ts';
import { ManualClock } from '../manual-clock.ts';
import { directoryFor, Lines, openStore } from '../store/temp-store.ts';

test('an order to destroy one key by its ID is refused when it names anything else', async (t) => {
  const directory = directoryFor(t);
  const clock = new ManualClock().run(t);
  const store = openStore(t, directory, { clock });
  store.pool('B');
  const parts = { store, clock, holdings: new Map(), supply: undefined } as unknown as AgentParts;
  const controlled = { destroyKeys: (order: DestroyRequest) => destroyKeys(parts, order) };
  const socket = join(directory, 'control.sock');
  const stop = await startControl(socket, controlled as unknown as Controlled, new Lines());
  const destroy = (order: DestroyRequest) => callAgent(socket, 'POST', '/v1/keys/destroy', order);
  try {
    for (const more of [{ pool: 'B' }, { pool: 'B', block: 1 }, { older_than_seconds: 60 }, { all: true }])
      await assert.rejects(destroy({ key_id: 'one', ...more }), {
        code: 'keys.too_much_named',
        fault: 'application',
      });
    await assert.rejects(destroy({ key_id: 'one', all: false }), { code: 'keys.unknown_key' });
    assert.deepEqual(await destroy({ pool: 'B' }), { blocks: 0, keys: 0 });
  } finally {
    await stop();
  }
});
