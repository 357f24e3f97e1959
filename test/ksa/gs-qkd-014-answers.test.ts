import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { after, before, test } from 'node:test';
import { AgentError, InvariantError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import {
  ask,
  assertRefused,
  type Delivery,
  keepBuffers,
  post,
  type Reply,
  startDelivery,
  until,
} from './delivery.ts';
import { applicationError, keyBytesOf, keyIdOf, STATUS } from './recording-supply.ts';

const ENC = '/api/v1/keys/app-c/enc_keys';
const DEC = '/api/v1/keys/app-a/dec_keys';
const NOT_FOUND = 'one or more keys specified are not found on KME';

let delivery: Delivery;
before(async () => {
  delivery = await startDelivery();
});
after(() => delivery.server.close());

function keys(reply: Reply): { key_ID: string; key: string }[] {
  assert.equal(reply.status, 200, reply.body.toString());
  return (reply.json as { keys: { key_ID: string; key: string }[] }).keys;
}

/** Runs `ask` with a supply that fails so. */
async function failing(error: Error, run: () => Promise<Reply>): Promise<Reply> {
  delivery.supply.before = () => Promise.reject(error);
  try {
    return await run();
  } finally {
    delivery.supply.before = async () => {};
  }
}

test('status tells the facts in the members of clause 6.1 and nothing else', async () => {
  const reply = await ask(delivery, delivery.appA, '/api/v1/keys/app-c/status');
  assert.equal(reply.status, 200);
  assert.deepEqual(reply.json, {
    source_KME_ID: STATUS.sourceKmeId,
    target_KME_ID: STATUS.targetKmeId,
    master_SAE_ID: 'app-a',
    slave_SAE_ID: 'app-c',
    key_size: 352,
    stored_key_count: 25_000,
    max_key_count: 100_000,
    max_key_per_request: 100,
    max_key_size: 1_024,
    min_key_size: 64,
    max_SAE_ID_count: 0,
  });
});

test('enc_keys without parameters gives one key of the default size, sealed off from caches', async () => {
  const reply = await ask(delivery, delivery.appA, ENC);
  assert.equal(delivery.supply.calls.at(-1), 'take app-a>app-c 1x352');
  assert.equal(keys(reply).length, 1);
  assert.equal(Buffer.from(keys(reply)[0]!.key, 'base64').length, 44);
  assert.equal(reply.headers['content-type'], 'application/json');
  assert.equal(reply.headers['content-length'], String(reply.body.length));
  assert.equal(reply.headers['cache-control'], 'no-store');
});

test('enc_keys by GET and by POST give as many keys as asked for, of the size asked for', async () => {
  assert.equal(keys(await ask(delivery, delivery.appA, `${ENC}?number=3&size=1024`)).length, 3);
  assert.equal(delivery.supply.calls.at(-1), 'take app-a>app-c 3x1024');
  assert.equal(keys(await post(delivery, delivery.appA, ENC, { number: 2, size: 64 })).length, 2);
  assert.equal(delivery.supply.calls.at(-1), 'take app-a>app-c 2x64');
  assert.equal(keys(await ask(delivery, delivery.appA, ENC, { body: '' })).length, 1);
});

test('dec_keys gives the bytes that belong to each ID, in the order of the IDs', async () => {
  const one = await ask(delivery, delivery.appC, `${DEC}?key_ID=${keyIdOf(700)}`);
  assert.deepEqual(keys(one), [{ key_ID: keyIdOf(700), key: keyBytesOf(700, 32).toString('base64') }]);
  const wanted = [703, 701, 702];
  const many = await post(delivery, delivery.appC, DEC, {
    key_IDs: wanted.map((index) => ({ key_ID: keyIdOf(index).toUpperCase(), key_ID_extension: {} })),
    key_IDs_extension: {},
  });
  assert.deepEqual(
    keys(many),
    wanted.map((index) => ({ key_ID: keyIdOf(index), key: keyBytesOf(index, 32).toString('base64') })),
  );
});

test('dec_keys of a key that was fetched before is refused in the words of the standard', async () => {
  keys(await ask(delivery, delivery.appC, `${DEC}?key_ID=${keyIdOf(710)}`));
  const again = await ask(delivery, delivery.appC, `${DEC}?key_ID=${keyIdOf(710)}`);
  assertRefused(again, 400, NOT_FOUND, 'application.key_not_found');
});

test('SAE IDs in the path are percent-decoded once', async () => {
  keys(await ask(delivery, delivery.appA, '/api/v1/keys/%61pp%2Dc/enc_keys'));
  assert.equal(delivery.supply.calls.at(-1), 'take app-a>app-c 1x352');
  await ask(delivery, delivery.appC, `/api/v1/keys/a%2Fb%2525%C3%A9/dec_keys?key_ID=${keyIdOf(0)}`);
  assert.equal(delivery.supply.calls.at(-1), `find a/b%25é>app-c ${keyIdOf(0)}`);
});

test('what the standard lets us leave out is left out: optional extensions, unknown members, nulls', async () => {
  const body = {
    number: null,
    size: 256,
    additional_slave_SAE_IDs: [],
    extension_mandatory: [],
    extension_optional: [{ abc_max_age: 30_000 }],
    something_new: { deep: [] },
  };
  keys(await post(delivery, delivery.appA, ENC, body));
  assert.equal(delivery.supply.calls.at(-1), 'take app-a>app-c 1x256');
});

test('401 when the supply says that the key is another pair’s', async () => {
  const reply = await ask(delivery, delivery.appC, `/api/v1/keys/other/dec_keys?key_ID=${keyIdOf(1)}`);
  assertRefused(reply, 401, 'made for other applications', 'application.not_authorised');
});

test('400 and 401 of the supply carry its code and remedy to the application', async () => {
  const error = applicationError('application.too_many', 'too many at once');
  const reply = await failing(error, () => ask(delivery, delivery.appA, ENC));
  assertRefused(reply, 400, 'too many at once');
  const { details } = reply.json as { details: unknown };
  assert.deepEqual(details, [{ code: 'application.too_many', remedy: 'Ask for something else.' }]);
});

test('503 with code and remedy when the pool is empty', async () => {
  const error = new AgentError('kma.pool_empty', 'no key is left for C', {
    fault: 'host',
    remedy: 'Wait until the pool has been refilled.',
  });
  const reply = await failing(error, () => ask(delivery, delivery.appA, ENC));
  assertRefused(reply, 503, 'no key is left for C');
  const { details } = reply.json as { details: unknown };
  assert.deepEqual(details, [{ code: 'kma.pool_empty', remedy: 'Wait until the pool has been refilled.' }]);
});

test('503 for an error of the store tells its code and none of its words', async () => {
  const error = new AgentError('store.disk_full', 'no space on /var/lib/secret-place', {
    fault: 'host',
    remedy: 'Free space on /var/lib/secret-place.',
  });
  const reply = await failing(error, () => ask(delivery, delivery.appA, ENC));
  assertRefused(reply, 503, 'Error on server side', 'store.disk_full');
  assert.doesNotMatch(reply.body.toString(), /secret-place/);
  assert.match(delivery.log.lines.join('\n'), /error supply\.failed .*secret-place/);
});

test('503 for what nobody expected tells nothing, and the server goes on', async () => {
  const reply = await failing(new TypeError('x of undefined at src/secret.ts'), () =>
    ask(delivery, delivery.appA, ENC),
  );
  assertRefused(reply, 503, 'internal error', 'us.internal');
  assert.doesNotMatch(reply.body.toString(), /undefined/);
  keys(await ask(delivery, delivery.appA, ENC));
});

test('a broken invariant is answered with 503 and handed on to whoever stops the agent', async () => {
  const error = new InvariantError('the pool runs backwards');
  const reply = await failing(error, () => ask(delivery, delivery.appA, ENC));
  assertRefused(reply, 503, 'internal error', 'us.internal');
  assert.deepEqual(delivery.broken, [error]);
});

test('404 for every other path', async () => {
  for (const path of [
    '/',
    '/api/v1/keys/app-c',
    '/api/v1/keys/app-c/enc_keys/',
    '/api/v1/keys//status',
    '/api/v2/keys/app-c/status',
  ]) {
    assertRefused(
      await ask(delivery, delivery.appA, path),
      404,
      'no such resource',
      'application.unknown_path',
    );
  }
});

test('405 names the methods that are allowed', async () => {
  const status = await ask(delivery, delivery.appA, '/api/v1/keys/app-c/status', { method: 'POST' });
  assertRefused(status, 405, /GET/);
  assert.equal(status.headers.allow, 'GET');
  const deletion = await ask(delivery, delivery.appA, ENC, { method: 'DELETE' });
  assertRefused(deletion, 405, /GET, POST/);
  assert.equal(deletion.headers.allow, 'GET, POST');
});

test('415 for a body of another type or a compressed one', async () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  assertRefused(
    await ask(delivery, delivery.appA, ENC, { body: 'number=1', headers: form }),
    415,
    /application\/json/,
  );
  const zipped = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  assertRefused(await ask(delivery, delivery.appA, ENC, { body: 'xx', headers: zipped }), 415, /compressed/);
});

test('414 for a URL longer than the limit', async () => {
  const path = `${ENC}?number=${'1'.repeat(limits.supplyUrlCharsMax)}`;
  assertRefused(await ask(delivery, delivery.appA, path), 414, /too long/);
});

test('a target in absolute form means the same', async () => {
  keys(await ask(delivery, delivery.appA, `https://kme.example:8443${ENC}?size=128`));
  assert.equal(delivery.supply.calls.at(-1), 'take app-a>app-c 1x128');
});

test('one connection carries many requests', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    for (let i = 0; i < 5; i++) {
      keys(await ask(delivery, delivery.appA, ENC, { agent }));
      assert.equal(delivery.server.connections(), 1);
    }
  } finally {
    agent.destroy();
  }
  await until(() => delivery.server.connections() === 0, 'the connection to be gone');
});

test('the memory of an answer is wiped as soon as it has left, while its connection goes on', async (t) => {
  const wiped = keepBuffers(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const reply = await ask(delivery, delivery.appA, `${ENC}?number=50`, { agent });
    assert.equal(keys(reply).length, 50);
    await until(() => wiped(reply.body.length), 'the container to be wiped');
    assert.equal(delivery.server.connections(), 1);
  } finally {
    agent.destroy();
  }
  await until(() => delivery.server.connections() === 0, 'the connection to be gone');
});

test('every answer is counted, with its keys', async () => {
  const from = delivery.answered.length;
  const before = { ...delivery.server.answers()['enc_keys'] };
  await ask(delivery, delivery.appA, `${ENC}?number=7`);
  await ask(delivery, delivery.appA, '/');
  const { count, ms } = delivery.server.answers()['enc_keys']!;
  assert.equal(count, (before.count ?? 0) + 1);
  assert.ok(ms >= (before.ms ?? 0));
  assert.deepEqual(
    Object.keys(delivery.server.answers()).sort(),
    ['dec_keys', 'enc_keys', 'status'],
    'none of what was refused',
  );
  const seen = delivery.answered
    .slice(from)
    .map(({ operation, status, keys }) => ({ operation, status, keys }));
  assert.deepEqual(seen, [
    { operation: 'enc_keys', status: 200, keys: 7 },
    { operation: 'none', status: 404, keys: 0 },
  ]);
  assert.ok(delivery.answered.every(({ ms }) => ms >= 0));
});

test('no key that was given is still in memory, and none is in the log', async () => {
  assert.ok(delivery.supply.given.length > 20);
  assert.ok(delivery.supply.allWiped);
  const log = delivery.log.lines.join('\n');
  assert.ok(!log.includes(keyBytesOf(700, 32).toString('base64').slice(0, 8)));
});
