import { folded, goodHeader, type ToyFaults } from './toy-km.ts';

/** A KM that does one thing wrong, and the checks that have to say so. */
export type Planted = {
  readonly name: string;
  readonly faults: ToyFaults;
  readonly checks: readonly string[];
  /** What the reason has to say, where a check could fail for another one. */
  readonly because?: RegExp;
  readonly keyferry?: true;
  /** The certificate that it has instead of its own. */
  readonly certificate?: 'B';
};

const littleEndian = (id: number, command: number, length: number) => {
  const header = Buffer.alloc(10);
  header.writeUInt16LE(1, 0);
  header.writeUInt32LE(id, 2);
  header.writeUInt16LE(command, 6);
  header.writeUInt16LE(length, 8);
  return header;
};

const version = (value: number) => (id: number, command: number, length: number) => {
  const header = goodHeader(id, command, length);
  header.writeUInt16BE(value, 0);
  return header;
};

// A reader that looks for what it knows and takes it, whatever stands around it.
function lenient(payload: Buffer): Record<string, unknown> | undefined {
  const request = /"key_relay_request_ID":"([^"]+)"/.exec(payload.toString('latin1'))?.[1];
  if (request === undefined) return undefined;
  const keys = [{ key_ID: request, key: 'AAAA' }];
  return folded({ source_KMA_ID: 'P', destination_KMA_ID: 'A', keys, key_relay_request_ID: request });
}

const lastWins = (payload: Buffer) => {
  try {
    return folded(JSON.parse(payload.toString()) as Record<string, unknown>);
  } catch {
    return undefined;
  }
};

const without =
  (...names: string[]) =>
  (members: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)));

/** Members of a response to a key supply notification, which is one of success. */
const supplyWith = (members: object, because: RegExp) => ({
  faults: { supplyResponse: (m: Record<string, unknown>) => ({ ...m, ...members }) },
  because,
  checks: ['supply', 'supply-number-size', 'supply-extension'],
});
const before = (text: string) => (good: Buffer) => Buffer.concat([Buffer.from(text), good]);
const completionWith = (members: object, because: RegExp) => ({
  faults: { completion: (m: Record<string, unknown>) => ({ ...m, ...members }) },
  because,
  checks: ['completion'],
});

const diesOf = (text: string) => ({ diesOf: (payload: Buffer) => payload.includes(text) });
const seen = new Set<string>();

export const planted: readonly Planted[] = [
  {
    name: 'lets anybody in',
    faults: { tls: { rejectUnauthorized: false, minVersion: 'TLSv1.2' } },
    checks: ['no-certificate', 'foreign-authority', 'self-signed', 'tls-1.2-anonymous'],
  },
  {
    name: 'speaks old TLS',
    faults: { tls: { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } },
    checks: ['tls-1.1'],
  },
  { name: 'speaks without TLS', faults: { withoutTls: true, chatters: true }, checks: ['no-tls'] },
  { name: 'has the certificate of another', faults: {}, certificate: 'B', checks: ['peer-identity'] },
  {
    name: 'answers with another request ID',
    faults: { completion: (m) => ({ ...m, key_relay_request_ID: 'x' }) },
    checks: ['completion', 'request-id-absent'],
  },
  { name: 'answers without response', faults: { completion: without('response') }, checks: ['completion'] },
  {
    name: 'counts its header into Length',
    faults: { header: (i, c, length) => goodHeader(i, c, length + 10) },
    checks: ['answer-header'],
  },
  {
    name: 'counts Length short',
    faults: { header: (i, c, length) => goodHeader(i, c, length - 1) },
    checks: ['answer-header'],
  },
  { name: 'writes numbers the wrong way round', faults: { header: littleEndian }, checks: ['answer-header'] },
  { name: 'writes version 0', faults: { header: version(0) }, checks: ['answer-header'] },
  {
    name: 'has one message ID for all',
    faults: { header: (_, c, length) => goodHeader(9, c, length) },
    checks: ['message-ids'],
  },
  { name: 'reads one message at a time', faults: { oneMessageARead: true }, checks: ['back-to-back'] },
  { name: 'reads whole messages only', faults: { wholeMessagesOnly: true }, checks: ['byte-by-byte'] },
  { name: 'takes any version', faults: { anyVersion: true }, checks: ['bad-version'] },
  {
    name: 'takes any command for a relay',
    faults: { anyCommand: true },
    checks: ['unknown-command', 'foreign-command', 'private-command'],
  },
  { name: 'falls silent after garbage', faults: { staysAfterGarbage: true }, checks: ['garbage'] },
  { name: 'takes what was cut short', faults: { takesTruncated: true }, checks: ['truncated'] },
  {
    name: 'serves one connection at a time',
    faults: { oneAtATime: true },
    because: /meanwhile a good connection is not served/,
    checks: ['no-body', 'slow-body', 'half-header'],
  },
  {
    name: 'ends at an empty payload',
    faults: { diesOf: (payload) => payload.length === 0 },
    checks: ['zero-length'],
  },
  { name: 'ends at deep nesting', faults: diesOf('[[[[[[[['), checks: ['deep-nesting'] },
  { name: 'ends at many members', faults: diesOf('"m999"'), checks: ['many-members'] },
  { name: 'ends at a long number', faults: diesOf('9'.repeat(400)), checks: ['long-number'] },
  {
    name: 'ends at many keys',
    faults: { diesOf: (payload) => payload.length > 30_000 },
    checks: ['many-keys'],
  },
  {
    name: 'ends at an unknown member',
    faults: diesOf('keyferry_probe'),
    checks: ['unknown-members', 'supply-extension'],
  },
  {
    name: 'ends at a message that comes again',
    faults: {
      diesOf: (payload) => {
        const again = seen.has(payload.toString('hex'));
        seen.add(payload.toString('hex'));
        return again;
      },
    },
    checks: ['replayed-message'],
  },
  {
    name: 'reads JSON by looking for what it knows',
    faults: { parse: lenient },
    checks: ['array-payload', 'trailing-garbage', 'trailing-comma', 'invalid-utf8', 'duplicate-members'],
  },
  {
    name: 'takes the last of two members',
    faults: { parse: lastWins },
    checks: ['duplicate-members', 'invalid-utf8'],
  },
  {
    name: 'ends at what is no JSON',
    faults: { diesOf: (payload) => payload[0] !== 0x7b },
    checks: ['not-json'],
  },
  {
    name: 'asks for no member',
    faults: { needsNothing: true },
    checks: [
      'no-source',
      'no-destination',
      'no-keys',
      'empty-keys',
      'keys-object',
      'no-key',
      'no-key-id',
      'key-number',
      'key-not-base64',
      'source-number',
      'destination-list',
      'long-id',
    ],
  },
  {
    name: 'asks for no member, and names no request in its completions',
    faults: { needsNothing: true, completion: without('key_relay_request_ID') },
    checks: ['no-source', 'key-not-base64'],
  },
  {
    name: 'says that everybody has the key',
    faults: { knowsEverybody: true },
    checks: ['unknown-destination'],
  },
  { name: 'takes key from itself', faults: { takesOwnName: true }, checks: ['own-name'] },
  { name: 'overwrites key', faults: { overwrites: true }, checks: ['other-key-same-id'] },
  { name: 'refuses what it has', faults: { refusesAgain: true }, checks: ['same-key-again'] },
  {
    name: 'answers what asks for no answer',
    faults: { chatters: true },
    checks: ['stray-completion', 'stray-supply-response'],
  },
  {
    name: 'passes on what is not for it',
    faults: { ignoresTransitList: true },
    checks: ['transit-elsewhere'],
  },
  {
    name: 'answers notifications without session',
    faults: { supplyResponse: without('session_ID') },
    checks: ['supply', 'supply-number-size', 'supply-extension'],
  },
  {
    name: 'answers notifications without key ID',
    faults: { supplyResponse: without('key_ID') },
    checks: ['supply'],
  },
  {
    name: 'answers notifications without response',
    faults: { supplyResponse: without('response') },
    checks: ['supply'],
  },
  { name: 'names null as the key supplied', ...supplyWith({ key_ID: null }, /no key ID/) },
  { name: 'names a number as the key supplied', ...supplyWith({ key_ID: 5 }, /no text/) },
  { name: 'names a number among keys supplied', ...supplyWith({ key_ID: ['a', 5] }, /no text/) },
  { name: 'names nothing as the key supplied', ...supplyWith({ key_ID: '' }, /names no key/) },
  { name: 'names none of the keys supplied', ...supplyWith({ key_ID: [] }, /names no key/) },
  { name: 'extends responses by a number', ...supplyWith({ extension: 5 }, /array of objects/) },
  { name: 'responds by a number', ...supplyWith({ response: 5 }, /no response/) },
  { name: 'completes with a number', ...completionWith({ response: 5 }, /no response/) },
  { name: 'extends completions by a number', ...completionWith({ extension: 5 }, /array of objects/) },
  { name: 'extends completions by numbers', ...completionWith({ extension: [5] }, /array of objects/) },
  { name: 'extends completions by one object', ...completionWith({ extension: {} }, /array of objects/) },
  {
    name: 'writes a byte order mark',
    faults: { payload: before('\ufeff') },
    because: /byte order mark/,
    checks: ['answer-header', 'supply'],
  },
  {
    name: 'says two things under one name',
    faults: { payload: (good) => before('{ "respons\\u0065" : "no",')(good.subarray(1)) },
    because: /"response" twice/,
    checks: ['answer-header', 'supply'],
  },
  {
    name: 'says two things under one name, deep inside',
    faults: {
      payload: (good) =>
        Buffer.from(`${good.toString().slice(0, -1)},"x":[{"a":{"b":1},"c":"}","b":1,"b":2}]}`),
    },
    because: /"b" twice/,
    checks: ['answer-header', 'supply'],
  },
  {
    name: 'supplies anything',
    faults: { suppliesAnything: true, parse: lastWins },
    checks: ['supply-negative', 'supply-huge', 'supply-text', 'supply-no-session'],
  },
  {
    name: 'keyferry: agrees on nothing',
    faults: { tls: { ALPNProtocols: [] }, needsNoAlpn: true },
    keyferry: true,
    checks: ['alpn', 'alpn-absent'],
  },
  {
    name: 'keyferry: speaks TLS 1.2',
    faults: { tls: { minVersion: 'TLSv1.2' } },
    keyferry: true,
    checks: ['tls-1.2'],
  },
  {
    name: 'keyferry: greets in the name of another',
    faults: { greeting: (m) => ({ ...m, kma_ID: 'B' }) },
    keyferry: true,
    checks: ['greeting'],
  },
  {
    name: 'keyferry: greets without store',
    faults: { greeting: without('store_ID') },
    keyferry: true,
    checks: ['greeting'],
  },
  { name: 'keyferry: never answers a ping', faults: { mute: true }, keyferry: true, checks: ['ping'] },
  {
    name: 'keyferry: closes for nothing',
    faults: { forgiving: true },
    keyferry: true,
    checks: [
      'message-first',
      'second-greeting',
      'other-name',
      'malformed-greeting',
      'id-again',
      'unknown-private',
      'version-2',
    ],
  },
];
