import {
  COMPLETION,
  completion,
  type Expected,
  keyFiles,
  type Members,
  relay,
  type Vector,
  vector,
} from './message.ts';

type Row = readonly [name: string, parameter: string, expect: Expected, changes: Members, bytes?: number];

const longest = 'x'.repeat(64);
const long = `${longest}x`;
const WRONG: readonly (readonly [string, unknown])[] = [
  ['a number', 1],
  ['null', null],
  ['true', true],
  ['an object', {}],
];

/** A text that is mandatory, or has to be right where it is there. */
function text(
  name: string,
  parameter: string,
  mandatory: boolean,
  change: (value: unknown) => Members,
  max = 64,
): Row[] {
  return [
    [`no ${name}`, parameter, mandatory ? 'malformed' : 'accepted', change(undefined)],
    ...[...WRONG, ['an array', ['A']] as const].map(
      ([what, value]): Row => [
        `${name}: ${what}`,
        parameter,
        value === null && !mandatory ? 'accepted' : 'malformed',
        change(value),
      ],
    ),
    [`${name}: empty`, parameter, 'malformed', change('')],
    [`${name}: ${max} characters`, parameter, 'accepted', change('x'.repeat(max))],
    [`${name}: ${max + 1} characters`, parameter, 'malformed', change('x'.repeat(max + 1))],
  ];
}

const inKey = (changes: Members): Members => {
  const [first, ...others] = keyFiles();
  return { keys: [{ ...first, ...changes }, ...others] };
};

const small = (count: number) => keyFiles(Array(count).fill(Buffer.alloc(3, 7)) as Buffer[], []);
const big = (bytes: number) => keyFiles([Buffer.alloc(bytes, 7)]);

const table1: Row[] = [
  ['a whole message', 'Table 1', 'accepted', {}],
  ...text('source_KMA_ID', 'Source KMA ID', true, (source_KMA_ID) => ({ source_KMA_ID })),
  ...text('destination_KMA_ID', 'Destination KMA ID', true, (destination_KMA_ID) => ({ destination_KMA_ID })),
  ['no transit_KMA_IDs', 'Transit KMA IDs', 'accepted', { transit_KMA_IDs: undefined }],
  ['transit_KMA_IDs: none', 'Transit KMA IDs', 'accepted', { transit_KMA_IDs: [] }],
  ['transit_KMA_IDs: 16', 'Transit KMA IDs', 'accepted', { transit_KMA_IDs: Array(16).fill('B') }],
  ['transit_KMA_IDs: 17', 'Transit KMA IDs', 'malformed', { transit_KMA_IDs: Array(17).fill('B') }],
  // The table has a text there; which list it is it does not say.
  ['transit_KMA_IDs: a text', 'Transit KMA IDs', 'accepted', { transit_KMA_IDs: 'B' }],
  ['transit_KMA_IDs: an empty text', 'Transit KMA IDs', 'accepted', { transit_KMA_IDs: '' }],
  ['transit_KMA_IDs: a text of 64 characters', 'Transit KMA IDs', 'accepted', { transit_KMA_IDs: longest }],
  ['transit_KMA_IDs: a text of 65 characters', 'Transit KMA IDs', 'malformed', { transit_KMA_IDs: long }],
  ...WRONG.map(
    ([what, value]): Row => [
      `transit_KMA_IDs: ${what}`,
      'Transit KMA IDs',
      value === null ? 'accepted' : 'malformed',
      { transit_KMA_IDs: value },
    ],
  ),
  ...[...WRONG, ['an empty text', ''] as const, ['65 characters', long] as const].map(
    ([what, value]): Row => [
      `a transit KMA ID: ${what}`,
      'Transit KMA IDs',
      'malformed',
      { transit_KMA_IDs: ['B', value] },
    ],
  ),
  ['no keys', 'Keys', 'malformed', { keys: undefined }],
  ['keys: none', 'Keys', 'malformed', { keys: [] }],
  ...[...WRONG, ['a text', 'B'] as const].map(
    ([what, value]): Row => [`keys: ${what}`, 'Keys', 'malformed', { keys: value }],
  ),
  ...[['a text', 'B'] as const, ['null', null] as const, ['an array', ['a', 'b']] as const].map(
    ([what, value]): Row => [`a key file: ${what}`, 'Keys', 'malformed', { keys: [...keyFiles(), value] }],
  ),
  ['keys: 400', 'Keys', 'accepted', { keys: small(400) }, 1200],
  ['keys: 401', 'Keys', 'malformed', { keys: small(401) }, 1203],
  ...text('key_ID', 'Key ID', true, (key_ID) => inKey({ key_ID })),
  ['no key', 'Key', 'malformed', inKey({ key: undefined })],
  ...[...WRONG, ['an array', ['AAAA']] as const].map(
    ([what, value]): Row => [`key: ${what}`, 'Key', 'malformed', inKey({ key: value })],
  ),
  ['key: empty', 'Key', 'malformed', inKey({ key: '' })],
  ['key: 1 byte', 'Key', 'accepted', { keys: big(1) }, 1],
  ['key: 16,384 bytes', 'Key', 'accepted', { keys: big(16_384) }, 16_384],
  ['key: 16,385 bytes', 'Key', 'malformed', { keys: big(16_385) }, 16_385],
  ['key_extension: an object', 'Key extension', 'accepted', inKey({ key_extension: { hash: 'abc' } })],
  ['key_extension: null, which is passed over', 'Key extension', 'accepted', inKey({ key_extension: null })],
  ...text('key_relay_request_ID', 'Key relay request ID', false, (key_relay_request_ID) => ({
    key_relay_request_ID,
  })),
  ['no extension', 'Extension', 'not_authentic', { extension: undefined }],
  ...[...WRONG, ['a text', 'B'] as const, ['no entry', []] as const, ['null in it', [null]] as const].map(
    ([what, value]): Row => [`extension: ${what}`, 'Extension', 'not_authentic', { extension: value }],
  ),
  [
    'an unknown entry',
    'Extension',
    'accepted',
    { extension: [{ vendor: 1 }, ...(relay()['extension'] as object[])] },
  ],
];

const table2: Row[] = [
  ['a whole message', 'Table 2', 'accepted', {}],
  ...text('response', 'Response', true, (response) => ({ response }), 1024),
  ['response: a reason of failure', 'Response', 'accepted', { response: 'no_route' }],
  ['response: a word of nobody', 'Response', 'accepted', { response: 'out of cheese' }],
  ...text('key_relay_request_ID', 'Key relay request ID', false, (key_relay_request_ID) => ({
    key_relay_request_ID,
  })),
  ['no extension', 'Extension', 'not_authentic', { extension: undefined }],
  ...[...WRONG, ['a text', 'B'] as const, ['no entry', []] as const].map(
    ([what, value]): Row => [`extension: ${what}`, 'Extension', 'not_authentic', { extension: value }],
  ),
  [
    'an unknown entry',
    'Extension',
    'accepted',
    { extension: [{ vendor: 1 }, ...(completion()['extension'] as object[])] },
  ],
];

const spellings: [string, (name: string) => string][] = [
  ['Source KMA ID', (name) => name.replaceAll('_', ' ')],
  ['sourceKmaId', (name) => name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())],
  ['source_kma_id', (name) => name.toLowerCase()],
  ['SOURCE-KMA-ID', (name) => name.toUpperCase().replaceAll('_', '-')],
  ['sourcekmaid', (name) => name.toLowerCase().replaceAll('_', '')],
];

const respelled = (members: Members, spell: (name: string) => string) =>
  JSON.stringify(members).replace(/"(\w+)":/g, (_, name: string) => `"${spell(name)}":`);

/** Table 1, Key relay: each member missing, of a wrong type, empty, too long. */
export const keyRelayFaults = (): Vector[] => [
  ...table1.map(([name, parameter, expect, changes, bytes]) =>
    vector(name, `8.1, ${parameter}`, expect, relay(changes, bytes)),
  ),
  ...spellings.map(([example, spell]) =>
    vector(`names spelt ${example}`, '8; kx.md, JSON, names', 'accepted', respelled(relay(), spell)),
  ),
  vector('an unknown member', '8.1, Table 1', 'accepted', { vendor: [1, { a: null }], ...relay() }),
  vector(
    'a name of other words',
    '8.1, Source KMA ID',
    'malformed',
    JSON.stringify(relay()).replace('source_KMA_ID', 'source_KM_ID'),
  ),
  vector(
    'a name with a letter that only lower case makes ASCII',
    '8.1, Source KMA ID',
    'malformed',
    JSON.stringify(relay()).replace('source_KMA_ID', 'source_\u212aMA_ID'),
  ),
];

/** Table 2, Completion. */
export const completionFaults = (): Vector[] => [
  ...table2.map(([name, parameter, expect, changes]) =>
    vector(name, `8.2, ${parameter}`, expect, completion(changes), COMPLETION),
  ),
  ...spellings.map(([example, spell]) =>
    vector(
      `names spelt ${example}`,
      '8; kx.md, JSON, names',
      'accepted',
      respelled(completion(), spell),
      COMPLETION,
    ),
  ),
];
