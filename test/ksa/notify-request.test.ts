import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertRefused, type Delivery, post, startDelivery } from './delivery.ts';
import { STATUS } from './recording-supply.ts';

const ENC = '/api/v1/keys/app-c/enc_keys';
const UNSUPPORTED = 'not all extension_mandatory parameters are supported';

let delivery: Delivery;
before(async () => {
  delivery = await startDelivery();
});
after(() => delivery.server.close());

const yes = { keyferry_notify: true };
const no = { keyferry_notify: false };

for (const [what, body, how] of [
  ['nothing', {}, ''],
  ['an optional yes', { extension_optional: [{ abc: 1 }, yes] }, ' pushed'],
  ['an optional no', { extension_optional: [no] }, ' not pushed'],
  ['a mandatory yes', { extension_mandatory: [yes] }, ' pushed'],
  ['a mandatory no', { extension_mandatory: [no] }, ' not pushed'],
  ['an optional word that is neither', { extension_optional: [{ keyferry_notify: 'yes' }] }, ''],
  [
    'a mandatory no and an optional yes',
    { extension_mandatory: [no], extension_optional: [yes] },
    ' not pushed',
  ],
] as const)
  test(`a request that says ${what} of pushing is put to the supply so`, async () => {
    assert.equal((await post(delivery, delivery.appA, ENC, { size: 256, ...body })).status, 200);
    assert.equal(delivery.supply.calls.at(-1), `take app-a>app-c 1x256${how}`);
  });

for (const [what, mandatory] of [
  ['that we do not know', [yes, { abc: 1 }]],
  ['that is neither yes nor no', [{ keyferry_notify: 1 }]],
  ['with another in one object', [{ keyferry_notify: true, abc: 1 }]],
  ['that is an empty object', [{}]],
  ['that is null', [null]],
] as const)
  test(`a mandatory parameter ${what} is refused, and costs no key`, async () => {
    const calls = delivery.supply.calls.length;
    const reply = await post(delivery, delivery.appA, ENC, { extension_mandatory: mandatory });
    assertRefused(reply, 400, UNSUPPORTED, 'application.extension_mandatory');
    assert.equal(delivery.supply.calls.length, calls);
  });

test('where the far node cannot be notified, a mandatory yes is refused and an optional one does nothing', async () => {
  const calls = delivery.supply.calls.length;
  const { status } = delivery.supply;
  delivery.supply.status = () => ({ ...STATUS, notifies: false });
  try {
    const refused = await post(delivery, delivery.appA, ENC, { extension_mandatory: [yes] });
    assertRefused(refused, 400, UNSUPPORTED, 'application.extension_mandatory');
    assert.equal(delivery.supply.calls.length, calls);
    assert.equal((await post(delivery, delivery.appA, ENC, { extension_optional: [yes] })).status, 200);
  } finally {
    delivery.supply.status = status;
  }
});
