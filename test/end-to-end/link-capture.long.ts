import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeStream } from '../../src/kx/decode/stream.ts';
import { Capture } from '../wireshark/capture.ts';
import { noTshark, tshark } from '../wireshark/tshark.ts';
import { applicationAt, Chain, type ChainLink } from './chain.ts';
import { keyIdsOf, keysOf } from './lab.ts';

const WINDOW = 8;
const KEYS = 10;

/** What went over a link, decrypted, to and from the end that listens, a buffer for each connection. */
type Decrypted = { readonly link: ChainLink; readonly toFrom: Buffer[]; readonly toTo: Buffer[] };

test('every link of a relay A to D, captured and decrypted, holds no window of the relayed key', {
  skip: noTshark,
  timeout: 180_000,
}, async (t) => {
  const chain = await Chain.make(t, ['A', 'B', 'C', 'D']);
  const capture = await Capture.start(
    t,
    join(chain.directory, 'links.pcapng'),
    chain.links.map(({ port }) => port),
  );
  if (typeof capture === 'string') return t.skip(capture);
  chain.start();
  await chain.filled();
  const requests = [await chain.relay('A', 'D', 20), await chain.relay('D', 'A', 20)].map(
    ({ request_id }) => request_id,
  );
  const keys = [...(await suppliedKeys(chain, 'A', 'D')), ...(await suppliedKeys(chain, 'D', 'A'))];
  assert.match(
    JSON.stringify(await chain.status('A')),
    /WARNING|TLS secrets/,
    'the status warns about the key log',
  );
  await chain.stop();
  await capture.stop();
  assert.match(chain.log('A'), /"kx\.lab_tls_keylog"/, 'so does the log');
  assert.equal(statSync(chain.keyLog('A')).mode & 0o077, 0, 'nobody else reads the secrets');

  const secrets = join(chain.directory, 'all.keylog');
  writeFileSync(secrets, chain.kmaIds.map((kmaId) => readFileSync(chain.keyLog(kmaId), 'latin1')).join(''));
  const decrypting = ['-r', capture.file, '-o', `tls.keylog_file:${secrets}`];
  const streams: Decrypted[] = [];
  for (const link of chain.links) streams.push(await decrypted(link, decrypting));

  await t.test(
    'what is decrypted is whole: every relay and its completion on every link, without a fault',
    () => {
      for (const { link, toFrom, toTo } of streams) {
        const name = `${link.from}–${link.to}`;
        for (const connections of [toFrom, toTo]) {
          for (const bytes of connections)
            for (const part of decodeStream(bytes))
              assert.ok(
                'message' in part && part.message.faults.length === 0,
                `${name}: ${JSON.stringify(part)}`,
              );
          for (const request of requests)
            assert.ok(
              Buffer.concat(connections).includes(request),
              `${name} carries ${request} or its completion`,
            );
        }
      }
    },
  );

  await t.test('no 8 bytes of key stand in it, raw, in hexadecimal or in base64', () => {
    const needles = keys.flatMap(encodings);
    assert.ok(keys.length === 4 * KEYS && needles.length > 5_000, 'there is something to search for');
    for (const { link, toFrom, toTo } of streams)
      for (const bytes of [...toFrom, ...toTo])
        assert.equal(found(needles, bytes), undefined, `${link.from}–${link.to} gives key away`);
  });

  await t.test('the search would find it: in every form and place', () => {
    const [key] = keys as [Buffer];
    const needles = encodings(key);
    const around = Buffer.concat(streams[0]!.toTo);
    for (const form of ['latin1', 'hex', 'base64'] as const)
      for (const before of [0, 1, 2, 3]) {
        const text = Buffer.concat([
          Buffer.alloc(before, 7),
          key.subarray(11, 11 + WINDOW),
          Buffer.alloc(5, 7),
        ]);
        const planted = form === 'latin1' ? text : Buffer.from(text.toString(form));
        assert.notEqual(
          found(needles, Buffer.concat([around, planted, around])),
          undefined,
          `${form} behind ${before}`,
        );
      }
    for (const request of requests)
      assert.notEqual(found([Buffer.from(request)], around), undefined, 'request IDs are no secret');
  });

  await t.test('the dissector shows the decrypted messages by ALPN, their keys starred out', async () => {
    const fields = ['kx.source_kma_id', 'kx.destination_kma_id', 'kx.key_relay_request_id'].flatMap(
      (name) => ['-e', name],
    );
    const relays = await tshark([...decrypting, '-Y', 'kx.command == 0x1101', '-T', 'fields', ...fields]);
    for (const [i, request] of requests.entries()) {
      const lines = relays.split('\n').filter((line) => line.includes(request));
      assert.equal(lines.length, 3, 'once on each link');
      for (const line of lines) assert.match(line, i === 0 ? /A\tD/ : /D\tA/);
    }
    assert.match(
      await tshark([...decrypting, '-Y', 'kx.command == 0x11f0', '-T', 'fields', '-e', 'kx.kma_id']),
      /^A$/m,
    );
    const tree = await tshark([
      ...decrypting,
      '-V',
      '-O',
      'kx,json',
      '-Y',
      `kx.key_relay_request_id contains "${requests[0]}"`,
    ]);
    assert.match(tree, /Key, hidden \(bytes\): 32/);
    assert.match(tree, /Protected on this hop \(keyferry_hop\): True/);
    const covered = [
      ...Buffer.concat(streams[0]!.toTo)
        .toString('latin1')
        .matchAll(/"key":"([^"]{44})"/g),
    ].map((match) => match[1]!);
    assert.ok(covered.length >= 20);
    for (const letters of covered)
      assert.ok(!tree.includes(letters.slice(0, 12)), 'covered key is not shown either');
  });
});

/** Keys that applications at both ends got, as the master and as the slave. */
async function suppliedKeys(chain: Chain, master: string, slave: string): Promise<Buffer[]> {
  const [asks, fetches] = [chain.application(master), chain.application(slave)];
  try {
    const taken = await asks.encKeys(applicationAt(slave), KEYS);
    assert.equal(taken.status, 200, taken.body.toString());
    const fetched = await fetches.decKeys(applicationAt(master), keyIdsOf(taken));
    assert.equal(fetched.status, 200, fetched.body.toString());
    const [here, there] = [keysOf(taken.body), keysOf(fetched.body)];
    assert.deepEqual([...here.values()].sort(), [...there.values()].sort(), 'both ends have the same keys');
    return [...here.values(), ...there.values()].map((key) => Buffer.from(key, 'base64'));
  } finally {
    asks.close();
    fetches.close();
  }
}

async function decrypted(link: ChainLink, decrypting: readonly string[]): Promise<Decrypted> {
  const numbers = await tshark([
    ...decrypting,
    '-Y',
    `tls && tcp.port == ${link.port}`,
    '-T',
    'fields',
    '-e',
    'tcp.stream',
  ]);
  const toFrom: Buffer[] = [];
  const toTo: Buffer[] = [];
  for (const number of new Set(numbers.trim().split('\n'))) {
    const text = await tshark([...decrypting, '-q', '-z', `follow,tls,raw,${number}`]);
    // The end that listens is the second one, whose lines are indented.
    const sent = (line: RegExp) =>
      text
        .split('\n')
        .filter((one) => line.test(one))
        .join('')
        .replaceAll('\t', '');
    toFrom.push(Buffer.from(sent(/^[0-9a-f]+$/), 'hex'));
    toTo.push(Buffer.from(sent(/^\t[0-9a-f]+$/), 'hex'));
  }
  return { link, toFrom, toTo };
}

// Every window of 8 bytes as it can stand in a text: raw, hexadecimal in both cases, and base64 (both alphabets) in the three
// ways in which it can lie in groups of three bytes, without the letters that depend on what stands around it.
function encodings(key: Buffer): Buffer[] {
  const forms: Buffer[] = [];
  for (let at = 0; at + WINDOW <= key.length; at++) {
    const window = key.subarray(at, at + WINDOW);
    const hex = window.toString('hex');
    forms.push(window, Buffer.from(hex), Buffer.from(hex.toUpperCase()));
    for (const before of [0, 1, 2])
      for (const alphabet of ['base64', 'base64url'] as const) {
        const letters = Buffer.concat([Buffer.alloc(before), window]).toString(alphabet);
        forms.push(
          Buffer.from(letters.slice(Math.ceil((before * 8) / 6), Math.floor(((before + WINDOW) * 8) / 6))),
        );
      }
  }
  return forms;
}

function found(needles: readonly Buffer[], bytes: Buffer): number | undefined {
  const index = needles.findIndex((needle) => bytes.includes(needle));
  return index < 0 ? undefined : index;
}
