import { type Expected, type Members, REQUEST, type Vector, vector } from './message.ts';
import { hopEntry, type Sealing } from './setting.ts';

type Row = readonly [name: string, parameter: string, expect: Expected, changes: Members];

export const NOTICE: Sealing = { command: 0x1103 };
export const ANSWER: Sealing = { command: 0x1104 };
const ID = 'e5958bf0-9f3d-42dd-8595-972e54d4d823';
const OTHER = '0954ff35-bd47-4684-b6d6-96c1e59bbda7';

const entry = {
  source_KMA_ID: 'A',
  destination_KMA_ID: 'C',
  transit_KMA_IDs: ['B'],
  master_SAE_ID: 'app-a',
  slave_SAE_ID: 'app-c',
  key_IDs: [ID],
};

export function notice(changes: Members = {}): Members {
  const extension = [{ keyferry_supply: entry }, hopEntry(0)];
  return { session_ID: REQUEST, number_of_keys: 1, size_of_key: 256, extension, ...changes };
}

const withEntry = (changes: Members): Members => ({
  extension: [{ keyferry_supply: { ...entry, ...changes } }, hopEntry(0)],
});

export function answer(changes: Members = {}): Members {
  return { session_ID: REQUEST, key_ID: ID, response: 'success', extension: [hopEntry(0)], ...changes };
}

const texts = (name: string, parameter: string, change: (value: unknown) => Members, max = 64): Row[] => [
  [`no ${name}`, parameter, 'malformed', change(undefined)],
  ...[1, null, true, {}, ['A'], '', 'x'.repeat(max + 1)].map(
    (value): Row => [`${name}: ${JSON.stringify(value).slice(0, 9)}`, parameter, 'malformed', change(value)],
  ),
  [`${name}: ${max} characters`, parameter, 'accepted', change('x'.repeat(max))],
];

const counts = (name: string, parameter: string): Row[] => [
  [`no ${name}: the default applies`, parameter, 'accepted', { [name]: undefined }],
  ...['1', true, {}, [1], -1, 1.5, 2 ** 32].map(
    (value): Row => [`${name}: ${JSON.stringify(value)}`, parameter, 'malformed', { [name]: value }],
  ),
  [`${name}: null, which is none`, parameter, 'accepted', { [name]: null }],
  [`${name}: 0`, parameter, 'accepted', { [name]: 0 }],
  [`${name}: 2^32 - 1`, parameter, 'accepted', { [name]: 2 ** 32 - 1 }],
];

const extensions: Row[] = [undefined, 1, null, {}, 'B', [], [null]].map((extension) => [
  `extension: ${JSON.stringify(extension)}`,
  'Extension',
  'not_authentic',
  { extension },
]);

const ids = (count: number) => Array.from({ length: count }, (_, i) => `key-${i}`);
const table3: Row[] = [
  ['a whole message', 'Table 3', 'accepted', {}],
  ['without keyferry_supply', 'Table 3', 'accepted', { extension: [hopEntry(0)] }],
  ...texts('session_ID', 'Session ID', (session_ID) => ({ session_ID })),
  ...counts('number_of_keys', 'Number of keys'),
  ...counts('size_of_key', 'Size of key'),
  ...extensions,
  ...['source_KMA_ID', 'destination_KMA_ID', 'master_SAE_ID', 'slave_SAE_ID', 'key_IDs'].map(
    (name): Row => [
      `keyferry_supply without ${name}`,
      'Extension',
      'malformed',
      withEntry({ [name]: undefined }),
    ],
  ),
  [
    'keyferry_supply without transit_KMA_IDs',
    'Extension',
    'accepted',
    withEntry({ transit_KMA_IDs: undefined }),
  ],
  [
    'keyferry_supply: a text',
    'Extension',
    'malformed',
    { extension: [{ keyferry_supply: 'x' }, hopEntry(0)] },
  ],
  ['keyferry_supply: transit that is none', 'Extension', 'malformed', withEntry({ transit_KMA_IDs: null })],
  ['keyferry_supply: no key ID', 'Extension', 'malformed', withEntry({ key_IDs: [] })],
  ['keyferry_supply: a key ID twice', 'Extension', 'malformed', withEntry({ key_IDs: [ID, ID] })],
  ['keyferry_supply: 128 key IDs', 'Extension', 'accepted', withEntry({ key_IDs: ids(128) })],
  ['keyferry_supply: 129 key IDs', 'Extension', 'malformed', withEntry({ key_IDs: ids(129) })],
];

const table4: Row[] = [
  ['a whole message', 'Table 4', 'accepted', {}],
  ...texts('session_ID', 'Session ID', (session_ID) => ({ session_ID })),
  ...texts('response', 'Response', (response) => ({ response }), 1024),
  ['response: a reason of failure', 'Response', 'accepted', { response: 'unknown_key', key_ID: '' }],
  ...[undefined, null, '', [], [ID], [ID, OTHER], ids(128)].map(
    (key_ID): Row => [`key_ID: ${JSON.stringify(key_ID)?.slice(0, 44)}`, 'Key ID', 'accepted', { key_ID }],
  ),
  ...[1, true, {}, [1], [''], 'x'.repeat(65)].map(
    (key_ID): Row => [`key_ID: ${JSON.stringify(key_ID).slice(0, 9)}`, 'Key ID', 'malformed', { key_ID }],
  ),
  ['key_ID: 129 of them', 'Key ID', 'malformed', { key_ID: ids(129) }],
  ...extensions,
  ['an unknown entry', 'Extension', 'accepted', { extension: [{ vendor: 1 }, hopEntry(0)] }],
];

// However it is written, a number is whole or it is not, whatever a double makes of it.
const written: readonly (readonly [text: string, expect: Expected])[] = [
  ...['1.0', '10e-1', '0.01e2', '1E+0', '0e99', '0.000', '-0', '4294967295.000'].map(
    (text) => [text, 'accepted'] as const,
  ),
  ...[
    '0.99999999999999999999',
    '1.00000000000000000001',
    '1e-400',
    '-1e-400',
    '1e400',
    '15e-1',
    '4294967296e0',
  ].map((text) => [text, 'malformed'] as const),
];
const withNumber = (text: string) =>
  JSON.stringify(notice()).replace('"number_of_keys":1', `"number_of_keys":${text}`);

/** Table 3, Key supply notification: each member missing, of a wrong type, empty, too long. */
export const keySupplyFaults = (): Vector[] => [
  ...table3.map(([name, parameter, expect, changes]) =>
    vector(name, `8.3, ${parameter}`, expect, notice(changes), NOTICE),
  ),
  ...written.map(([text, expect]) =>
    vector(`number_of_keys written ${text}`, '8.3, Number of keys', expect, withNumber(text), NOTICE),
  ),
];

/** Table 4, Response to key supply notification. */
export const supplyAnswerFaults = (): Vector[] =>
  table4.map(([name, parameter, expect, changes]) =>
    vector(name, `8.4, ${parameter}`, expect, answer(changes), ANSWER),
  );
