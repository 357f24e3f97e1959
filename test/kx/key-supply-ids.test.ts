import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSupplyAnswer, readSupplyNotice } from '../../src/kx/codec/key-supply.ts';

test('key IDs are read in the form in which applications get them, and two of one key are malformed', () => {
  const [upper, lower] = ['0D5E4C1A-9B77-4E02-8F3D-AA00000000FF', '0d5e4c1a-9b77-4e02-8f3d-aa00000000ff'];
  const answer = (ids: unknown) =>
    readSupplyAnswer(Buffer.from(JSON.stringify({ session_ID: 's', key_ID: ids, response: 'success' })));
  assert.deepEqual(answer(upper)?.keyIds, [lower]);
  assert.equal(answer([upper, lower]), undefined);
  const entry = (ids: unknown) => ({
    keyferry_supply: {
      source_KMA_ID: 'A',
      destination_KMA_ID: 'C',
      master_SAE_ID: 'x',
      slave_SAE_ID: 'y',
      key_IDs: ids,
    },
  });
  const notice = (ids: unknown) =>
    readSupplyNotice(Buffer.from(JSON.stringify({ session_ID: 's', extension: [entry(ids)] })));
  assert.deepEqual(notice([upper])?.announced?.keyIds, [lower]);
  assert.equal(notice([upper, lower]), undefined);
});
