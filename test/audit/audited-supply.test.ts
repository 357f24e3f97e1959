import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEvent } from '../../src/env/audit.ts';
import { noAudit } from '../../src/env/audit.ts';
import { AuditedSupply } from '../../src/ksa/audited-supply.ts';
import type { SuppliedKey } from '../../src/ksa/key-supply.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { RecordingSupply } from '../ksa/recording-supply.ts';

const names = { take: 'supply.enc_keys', find: 'supply.dec_keys' };
const applications = new Map([
  ['app-a', 'A'],
  ['app-c', 'C'],
]);
const pair = { masterSaeId: 'app-a', slaveSaeId: 'app-c' };

/** Keys of `bytes` bytes that lie where `places` says. */
class PlacedSupply extends RecordingSupply {
  places: readonly (readonly [block: number, index: number])[] = [];
  bytes = 32;

  override async take(): Promise<SuppliedKey[]> {
    return this.places.map(([block, index], i) => ({
      keyId: `id ${i}`,
      bytes: SecretBytes.alloc(this.bytes),
      place: { own: true, block, index },
    }));
  }
}

function supplyWith(supply: RecordingSupply): { audited: AuditedSupply; events: AuditEvent[] } {
  const events: AuditEvent[] = [];
  const audit = { ...noAudit, record: (event: AuditEvent) => events.push(event) };
  return { audited: new AuditedSupply({ applications, names }, supply, audit), events };
}

test('a request is one record, with who, with whom, the IDs, and the runs of KMA-keys', async () => {
  const supply = new PlacedSupply();
  supply.bytes = 40;
  supply.places = [
    [7, 0],
    [7, 2],
    [7, 5],
    [9, 7],
  ];
  const { audited, events } = supplyWith(supply);
  for (const { bytes } of await audited.take(pair, 4, 320)) bytes.wipe();
  assert.deepEqual(events, [
    {
      what: 'supply.enc_keys',
      who: 'sae:app-a',
      outcome: 'done',
      with: 'sae:app-c',
      peer: 'C',
      keys: 4,
      bits: 320,
      key_ids: ['id 0', 'id 1', 'id 2', 'id 3'],
      own: true,
      units: [
        [7, 0, 3],
        [7, 5, 6],
        [9, 7, 8],
      ],
    },
  ]);
});

test('key that is fetched by its ID is on record for the one who fetched it; what fails is not on record as key', async () => {
  const supply = new RecordingSupply();
  const { audited, events } = supplyWith(supply);
  const id = '5e3f0000-0000-4000-8000-000000000001';
  for (const { bytes } of await audited.find(pair, [id])) bytes.wipe();
  await assert.rejects(audited.find(pair, [id]));
  const [only, ...others] = events;
  assert.deepEqual(
    [only?.what, only?.who, only?.with, only?.peer],
    ['supply.dec_keys', 'sae:app-c', 'sae:app-a', 'A'],
  );
  assert.deepEqual([only?.key_ids, only?.units, others], [[id], undefined, []]);
});

test('no key is supplied and none is fetched while the trail takes nothing and is wanted', async () => {
  const supply = new RecordingSupply();
  const audited = new AuditedSupply({ applications, names }, supply, { ...noAudit, refusing: true });
  const full = { code: 'host.audit_full', fault: 'host' };
  await assert.rejects(audited.take(pair, 1, 256), full);
  await assert.rejects(audited.find(pair, ['5e3f0000-0000-4000-8000-000000000001']), full);
  assert.deepEqual(supply.calls, []);
});
