import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FrameReader } from '../../src/kx/codec/frame-reader.ts';
import { streamOf } from '../../src/kx/decode/capture.ts';
import { readHexText } from '../../src/kx/decode/hex-text.ts';
import { streamJson, streamText } from '../../src/kx/decode/report.ts';
import { decodeStream, type Part } from '../../src/kx/decode/stream.ts';
import { KEY, message, oneFault, relay } from './decode-faults.ts';
import { goldenVectors } from './golden-vectors.ts';

const PROGRAM = fileURLToPath(new URL('../../build/keyferry', import.meta.url));

function faultsOf(parts: readonly Part[]): string[] {
  return parts.flatMap((part) =>
    ('gap' in part ? part.gap : part.message).faults.map((f) => `${f.offset} ${f.text} (${f.clause})`),
  );
}

function run(
  parameters: readonly string[],
  input: Buffer,
): Promise<{ code: number; text: string; complaint: string }> {
  return new Promise((resolve) => {
    const child = execFile(PROGRAM, ['decode', ...parameters], (error, text, complaint) =>
      resolve({ code: error === null ? 0 : Number(error.code), text, complaint }),
    );
    child.stdin!.end(input);
  });
}

test('the golden frames are shown in words, their keys hidden', () => {
  const { 'key-relay': relayed } = goldenVectors();
  const frames = relayed.hops.map((hop) => Buffer.from(hop.frame, 'hex'));
  const parts = decodeStream(Buffer.concat(frames));
  assert.deepEqual(faultsOf(parts), []);
  const text = streamText(parts);
  assert.match(
    text,
    /^offset 0: message 2, key relay \(0x1101\), version 1, 517 bytes of payload\n {2}source_KMA_ID: "A"/,
  );
  assert.equal(text.match(/key: 32 bytes, hidden/g)?.length, 4);
  assert.match(text, /protected on this hop by pad of block 4 units 30 to 31, block 6 unit 2\b/);
  const json = JSON.stringify(streamJson(parts));
  for (const one of frames) {
    const payload = JSON.parse(one.subarray(10).toString()) as {
      keys: { key: string }[];
      source_KMA_ID: string;
    };
    assert.ok(text.includes(payload.source_KMA_ID) && json.includes('"hidden_bytes":32'));
    for (const { key } of payload.keys)
      for (let at = 0; at + 8 <= key.length; at++)
        assert.ok(!text.includes(key.slice(at, at + 8)) && !json.includes(key.slice(at, at + 8)));
  }
});

test('what is optional may be null, and an extension is a list of objects', () => {
  const nothing = { transit_KMA_IDs: null, key_relay_request_ID: null, extension: null };
  assert.deepEqual(faultsOf(decodeStream(message(1, 0x1101, relay(nothing)))), []);
  const [fault] = faultsOf(decodeStream(message(1, 0x1101, relay({ extension: [{}, 1] }))));
  assert.match(fault!, /extension\[1\] is no object \(Q\.4163 §8\.1, Table 1\)$/);
});

test('a list of transit KMAs may be a text', () => {
  for (const transit_KMA_IDs of ['B', '', ['B']])
    assert.deepEqual(faultsOf(decodeStream(message(1, 0x1101, relay({ transit_KMA_IDs })))), []);
});

test('key under any spelling, in extensions, in its own extension and under unknown names stays hidden', () => {
  const entries = [
    { 'Key ID': 'k-1', Key: KEY, 'Key Extension': { hash: KEY } },
    { keyId: 'k-2', key: KEY, material: KEY, more: [KEY] },
  ];
  const stream = message(1, 0x1101, { ...relay(), keys: entries, extension: [{ deep: { KEY } }] });
  const parts = decodeStream(stream);
  for (const shown of [streamText(parts), JSON.stringify(streamJson(parts))]) {
    assert.ok(shown.includes('k-1') && shown.includes('k-2'), 'key IDs are no secret');
    assert.ok(!shown.includes(KEY.slice(0, 8)));
  }
});

test('a slash that is escaped counts once', () => {
  const slashes = JSON.stringify(relay({ keys: [{ key_ID: 'k', key: '////' }] })).replaceAll(
    '////',
    '\\/\\/\\/\\/',
  );
  assert.match(streamText(decodeStream(message(1, 0x1101, slashes))), /key: 3 bytes, hidden/);
});

test('an escaped letter of base64 counts as the letter that it stands for, and any other as none', () => {
  const withKey = (key: string) => {
    const text = JSON.stringify(relay({ keys: [{ key_ID: 'k', key: 'KEY' }] })).replace('KEY', key);
    return streamText(decodeStream(message(1, 0x1101, text)));
  };
  const long = 'AAAA'.repeat(40);
  for (const [key, bytes] of [
    ['AA\\u002BA', 3],
    ['AA\\u002bA', 3],
    ['\\u002f\\u0041\\u003D\\u003d', 1],
    ['\\u002f\\u0041\\u0041\\u003d', 2],
    [`${long}\\u002F\\/A=`, 122],
    ['AAA\\n', undefined],
    ['AAA\\u0141', undefined],
  ] as const)
    assert.match(
      withKey(key),
      bytes === undefined
        ? /key: not base64, \d+ characters, hidden/
        : new RegExp(`key: ${bytes} bytes?, hidden`),
      key,
    );
});

test('a payload that cannot be read is not shown at all', () => {
  const text = streamText(decodeStream(message(1, 0x1101, `{"keys":[{"key":"${KEY}"}],}`)));
  assert.match(text, /payload not shown/);
  assert.ok(!text.includes(KEY.slice(0, 8)));
});

for (const [name, stream, fault] of oneFault)
  test(`found with its offset and clause: ${name}`, () =>
    assert.deepEqual(faultsOf(decodeStream(stream)), [fault]));

test('after a fault it goes on: behind a bad payload at once, behind garbage at the next header', () => {
  const good = message(2, 0x1101, relay());
  const garbage = Buffer.from('000200000000beef000000', 'hex');
  const parts = decodeStream(
    Buffer.concat([message(1, 0x1102, '{'), good, garbage, message(3, 0x1102, { response: 'success' })]),
  );
  const shape = parts.map((part) =>
    'gap' in part ? `gap ${part.gap.bytes}` : `message ${part.message.header.messageId}`,
  );
  assert.deepEqual(shape, ['message 1', 'message 2', 'gap 11', 'message 3']);
  assert.equal(faultsOf(parts).length, 2);
});

test('it cuts a stream into the same messages as the agent', () => {
  const stream = Buffer.concat(
    [1, 2, 3, 4].map((id) => message(id, 0x1102, { response: 'x'.repeat(id * 300) })),
  );
  const reader = new FrameReader(() => true);
  reader.push(Buffer.from(stream));
  const read: string[] = [];
  for (let one = reader.pull(); one !== undefined; one = reader.pull())
    read.push(`${one.header.messageId} ${one.payload.length}`);
  const parts = decodeStream(stream).map(
    (part) => 'message' in part && `${part.message.header.messageId} ${part.message.header.length}`,
  );
  assert.deepEqual(parts, read);
  assert.equal(read.length, 4);
});

test('text of a stranger does not steer the terminal', () => {
  const text = streamText(decodeStream(message(1, 0x1102, { response: '\u001b[2J\u202eabc\u009b1m"' })));
  assert.match(text, /response: "\\u\{1b\}\[2J\\u\{202e\}abc\\u\{9b\}1m\\""/);
});

test('hexadecimal text is read in the forms that tools print, and a slip in it is named by its line', () => {
  const bytes = Buffer.concat([
    message(7, 0x1102, { response: 'deadbeef cafe 0123' }),
    message(8, 0x11fe, {}),
  ]);
  const digits = bytes.toString('hex');
  const lines = (line: (offset: number, row: Buffer) => string) =>
    Array.from({ length: Math.ceil(bytes.length / 16) }, (_, i) =>
      line(i * 16, bytes.subarray(i * 16, i * 16 + 16)),
    ).join('\n');
  const letters = (row: Buffer) => row.toString('latin1').replaceAll(/[^ -~]/g, '.');
  const pairs = (row: Buffer) => row.toString('hex').replaceAll(/../g, '$& ').trim();
  const xxd = lines((at, row) => {
    const groups = row.toString('hex').replaceAll(/.{4}/g, '$& ').trim();
    return `${at.toString(16).padStart(8, '0')}: ${groups.padEnd(39)}  ${letters(row)}`;
  });
  const hexdump = lines((at, row) => {
    const halves = `${pairs(row.subarray(0, 8))}  ${pairs(row.subarray(8))}`;
    return `${at.toString(16).padStart(8, '0')}  ${halves.padEnd(48)}  |${letters(row)}|`;
  });
  const tshark = lines(
    (at, row) => `${at.toString(16).padStart(4, '0')}  ${pairs(row).padEnd(48)}  ${letters(row)}`,
  );
  const end = `\n${bytes.length.toString(16).padStart(8, '0')}\n`;
  const forms = {
    digits,
    upper: digits.toUpperCase(),
    colons: digits.replaceAll(/..(?=.)/g, '$&:'),
    xxd,
    hexdump: hexdump + end,
    tshark,
  };
  const wrapped = digits.replaceAll(/.{64}/g, '$&\r\n');
  for (const [name, text] of Object.entries({
    ...forms,
    wrapped,
    marked: digits.replaceAll(/../g, '0x$&, '),
  }))
    assert.deepEqual(streamOf(Buffer.from(text)), bytes, name);
  assert.deepEqual(streamOf(bytes), bytes, 'raw');
  assert.throws(() => readHexText(Buffer.from('00 01\n0g')), { code: 'decode.not_hex', message: /^line 2 / });
  assert.throws(() => readHexText(Buffer.from('000')), { code: 'decode.not_hex' });
  const torn = xxd.split('\n').toSpliced(1, 1).join('\n');
  assert.throws(() => readHexText(Buffer.from(torn)), {
    code: 'decode.not_hex',
    message: /^line 2 .*offset/,
  });
  assert.throws(() => streamOf(Buffer.from('d4c3b2a102000400', 'hex')), { code: 'decode.packets' });
});

test('keyferry decode reads standard input, a file or --hex, and tells faults by its exit code', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'keyferry-decode-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const good = message(1, 0x1101, relay());
  const file = join(directory, 'stream.bin');
  writeFileSync(file, good);
  const fromFile = await run([file], Buffer.alloc(0));
  assert.equal(fromFile.code, 0);
  assert.match(fromFile.text, /keys: 1\n {4}\[0\]\n {6}key_ID: "k-1"\n {6}key: 32 bytes, hidden/);
  assert.deepEqual(await run([], good), fromFile);
  assert.deepEqual(await run(['--hex', good.toString('hex')], Buffer.alloc(0)), fromFile);
  const bad = await run(['--json'], good.subarray(0, 20));
  assert.equal(bad.code, 1);
  assert.equal((JSON.parse(bad.text) as { parts: { kind: string }[] }).parts[0]?.kind, 'cut');
  assert.equal((await run(['--hex', ''], Buffer.alloc(0))).code, 1, 'nothing is no message');
  const missing = await run([join(directory, 'none')], Buffer.alloc(0));
  assert.equal(missing.code, 1);
  assert.match(missing.complaint, /\[decode\.unreadable\]/);
});
