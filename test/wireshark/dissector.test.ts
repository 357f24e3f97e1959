import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { frame } from '../kx/naive.ts';
import { pcapOf, pieces, type Segment } from './pcap.ts';
import { noTshark, tshark } from './tshark.ts';

const KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
const REQUEST = '6f1c3c2e-52a4-4d0b-9a5e-0f6f1b0c7d21';

const relay = frame(
  1,
  0x1101,
  JSON.stringify({
    'Source KMA ID': 'A',
    destinationKmaId: 'C',
    transit_KMA_IDs: ['B'],
    keys: [
      { key_ID: 'k-1', key: KEY, key_extension: { hash: KEY } },
      { key_ID: 'k-2', KEY, other: KEY },
    ],
    key_relay_request_ID: REQUEST,
    extension: [{ keyferry_hop: { pad: [[1, 2, 3]], tag: 'yAobU57zNJrvRQBmejo1Pg==' } }],
  }),
);
const completion = frame(1, 0x1102, JSON.stringify({ response: 'success', key_relay_request_ID: REQUEST }));
const supply = frame(2, 0x1103, JSON.stringify({ session_ID: 's-1', number_of_keys: 2 }));

function captured(t: TestContext, port: number, segments: readonly Segment[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'keyferry-pcap-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'kx.pcap');
  writeFileSync(file, pcapOf(port, segments));
  return file;
}

const fields = (...names: string[]) => [
  '-T',
  'fields',
  '-E',
  'separator=|',
  ...names.flatMap((name) => ['-e', name]),
];

function assertNoKey(text: string): void {
  for (let at = 0; at + 8 <= KEY.length; at++)
    assert.ok(!text.includes(KEY.slice(at, at + 8)), 'key is shown');
}

test('messages over several segments and several in one are shown with their members, key hidden', {
  skip: noTshark,
}, async (t) => {
  const stream = Buffer.concat([relay, supply]);
  for (const size of [7, 60, 100_000]) {
    const file = captured(t, 4163, [...pieces(true, stream, size), ...pieces(false, completion, 9)]);
    const names = [
      'command',
      'message_id',
      'source_kma_id',
      'destination_kma_id',
      'key_id',
      'key_length',
      'key_relay_request_id',
      'response',
      'session_id',
      'hop',
    ];
    const rows = await tshark(['-r', file, '-Y', 'kx', ...fields(...names.map((name) => `kx.${name}`))]);
    const [whole] = [rows.trim().split('\n')];
    const joined = size === 100_000;
    assert.deepEqual(
      whole,
      joined
        ? [`0x1101,0x1103|1,2|A|C|k-1,k-2|32,32|${REQUEST}||s-1|1`, `0x1102|1|||||${REQUEST}|success||`]
        : [
            `0x1101|1|A|C|k-1,k-2|32,32|${REQUEST}|||1`,
            `0x1103|2|||||||s-1|`,
            `0x1102|1|||||${REQUEST}|success||`,
          ],
      `segments of ${size}`,
    );
    const tree = await tshark(['-r', file, '-V']);
    assert.match(tree, /CommandCode: Key relay \(0x1101\)/);
    assert.match(tree, /Member: keys/);
    assert.match(tree, /String value: \*{44}/);
    assert.match(tree, /String value: B\b/);
    assertNoKey(tree);
    assertNoKey(
      await tshark(['-r', file, '-T', 'pdml', '-J', 'kx json']).then((text) =>
        text.replaceAll(/value="[0-9a-f]+"/g, ''),
      ),
    );
  }
});

test('key in forms that nobody should send is hidden, too: as texts and numbers of lists, and without an entry', {
  skip: noTshark,
}, async (t) => {
  const odd = [
    { keys: [KEY] },
    { keys: KEY },
    { keys: [[KEY], { value: [KEY] }] },
    { keys: [{ key_ID: 'k-1', key: [81234567, 91234567, true], size: 81234567 }], number: 256 },
  ];
  const stream = Buffer.concat(odd.map((payload, i) => frame(i + 1, 0x1101, JSON.stringify(payload))));
  const file = captured(t, 4163, [{ toServer: true, bytes: stream }]);
  const tree = await tshark(['-r', file, '-V']);
  assertNoKey(tree);
  assert.ok(!tree.includes('81234567') && !tree.includes('91234567'));
  assert.match(tree, /Number value: 256/);
  assert.ok(!tree.includes('Payload is no JSON object'));
});

test('the search of this test finds key that is shown', { skip: noTshark }, async (t) => {
  const file = captured(t, 4163, [
    { toServer: true, bytes: frame(1, 0x1102, JSON.stringify({ response: KEY })) },
  ]);
  const tree = await tshark(['-r', file, '-V']);
  assert.throws(() => assertNoKey(tree));
});

test('another version, an unknown command and a malformed payload are marked, and the latter not shown', {
  skip: noTshark,
}, async (t) => {
  const version = Buffer.from(frame(1, 0x1102, '{}'));
  version.writeUInt16BE(2, 0);
  const malformed = frame(3, 0x1101, `{"keys":[{"key":"${KEY}"}`);
  const stream = Buffer.concat([version, frame(2, 0x2222, '{}'), malformed]);
  const file = captured(t, 4163, [{ toServer: true, bytes: stream }]);
  const tree = await tshark(['-r', file, '-V']);
  for (const mark of ['Version is not 1', 'Command code of no table', 'Payload is no JSON object'])
    assert.ok(tree.includes(mark), mark);
  assertNoKey(tree);
});

test('no other port is taken for Kx by guessing, but any by "Decode as"', { skip: noTshark }, async (t) => {
  const file = captured(t, 5555, [{ toServer: true, bytes: relay }]);
  assert.equal(await tshark(['-r', file, '-Y', 'kx']), '');
  const named = await tshark(['-r', file, '-d', 'tcp.port==5555,kx', '-Y', 'kx', ...fields('kx.command')]);
  assert.equal(named.trim(), '0x1101');
});
