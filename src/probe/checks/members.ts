import { randomUUID } from 'node:crypto';
import type { Check } from '../check.ts';
import { spelt } from '../encode.ts';
import type { Probe, RelayFields } from '../probe.ts';
import { badRelay } from '../provoke.ts';

const clause = '§8.1, Table 1';

/** Key relay messages that miss what is mandatory, or have it in a form that means nothing. */
export const memberChecks: readonly Check[] = [
  without('no-source', 'a key relay without source KMA ID is not taken', 'source'),
  without('no-destination', 'a key relay without destination KMA ID is not taken', 'destination'),
  listed('no-keys', 'a key relay without keys is not taken', () => undefined),
  listed('empty-keys', 'a key relay with an empty list of keys is not taken', () => []),
  listed('keys-object', 'a key relay whose keys are no list is not taken', () => ({})),
  listed('no-key', 'a key entry without key is not taken', ({ options }) => [
    spelt({ keyId: randomUUID() }, options.spelling),
  ]),
  listed('no-key-id', 'a key entry without key ID is not taken', ({ options }) => [
    spelt({ key: 'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=' }, options.spelling),
  ]),
  listed('key-number', 'a key that is a number is not taken', ({ options }) => [
    spelt({ keyId: randomUUID(), key: 12345678 }, options.spelling),
  ]),
  listed('key-not-base64', 'a key that is in no encoding is not taken', ({ options }) => [
    spelt({ keyId: randomUUID(), key: '!*!*!*!*!*!*!*!*!*!*!*!*' }, options.spelling),
  ]),
  changed('source-number', 'a source KMA ID that is no text is not taken', { source: 7 }),
  changed('destination-list', 'a destination KMA ID that is no text is not taken', {
    destination: ['A', 'B'],
  }),
  changed('long-id', 'a source KMA ID of 20,000 letters is not taken', { source: 'K'.repeat(20_000) }),
];

function without(name: string, title: string, parameter: 'source' | 'destination'): Check {
  return changed(name, title, { [parameter]: undefined });
}

function changed(name: string, title: string, fields: RelayFields): Check {
  return badRelay({ name, title, clause }, (probe, request) => probe.relay({ ...fields, request }));
}

function listed(name: string, title: string, keys: (probe: Probe) => unknown): Check {
  return badRelay({ name, title, clause }, async (probe, request) => {
    const { self, spelling } = probe.options;
    const members = { source: self, destination: await probe.kmaId(), keys: keys(probe), request };
    return Buffer.from(JSON.stringify(spelt(members, spelling)));
  });
}
