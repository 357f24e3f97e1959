import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import {
  createCipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  randomBytes,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { crc32c } from '../../src/bytes/crc32c.ts';
import { buildC, SANITIZED, whyNoC } from './c-build.ts';
import type { Vector } from './naive.ts';

const FUZZ_ROUNDS = Number(process.env['KEYFERRY_C_FUZZ_ROUNDS'] ?? 1000);
const SEED = Number(process.env['KEYFERRY_SEED'] ?? 1);

const vectorsIn = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../../firmware-bridge/${name}`, import.meta.url), 'utf8')) as T;

type Handshake = {
  readonly module_key: string;
  readonly e_m: string;
  readonly channel_open: string;
  readonly channel_answer: string;
  readonly k_a: string;
  readonly k_m: string;
  readonly records: readonly {
    from: 'agent' | 'module';
    counter: number;
    envelope: string;
    record: string;
  }[];
};

type ReportVector = {
  readonly name: string;
  readonly report_bytes: number;
  readonly report_id: number | null;
  readonly first_sequence: number;
  readonly message: string;
  readonly reports: readonly string[];
};

let probe: string;
/** Built as firmware would be, without the sanitizers. */
let quickProbe: string;
let fuzz: string;

/** One answer for each question. */
function ask(questions: readonly string[], program = probe): string[] {
  const { stdout, stderr, status } = spawnSync(program, {
    input: `${questions.join('\n')}\n`,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  const answers = stdout.split('\n').slice(0, -1);
  assert.equal(answers.length, questions.length);
  return answers;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex') || '-';
const inputs = [0, 1, 15, 16, 17, 63, 64, 65, 127, 128, 129, 253, 254, 255, 256, 508, 1000].map((n) =>
  randomBytes(n),
);

describe('the firmware side in C', { skip: whyNoC() }, () => {
  before(async () => {
    ({ probe, fuzz } = await buildC(SANITIZED, ['probe', 'fuzz']));
    quickProbe = (await buildC('-O2 -DKF_REPORT_BYTES_MAX=1024', ['probe'])).probe;
  });

  test('frames every golden vector to its bytes, and unframes what is for a module', () => {
    const vectors = vectorsIn<Vector[]>('vectors.json');
    assert.deepEqual(
      ask(vectors.map(({ envelope }) => `frame ${envelope}`)),
      vectors.map(({ frame }) => frame),
    );
    assert.deepEqual(
      ask(vectors.map(({ envelope }) => `crc ${envelope}`)),
      vectors.map((vector) => vector.crc32c),
    );
    const agents = vectors.filter(({ from }) => from === 'agent');
    assert.ok(agents.length >= 5);
    assert.deepEqual(
      ask(agents.map(({ frame }) => `unframe ${frame}`)),
      agents.map(({ envelope }) => `${envelope} 0`),
    );
  });

  test('reads every golden envelope and writes the same bytes again', () => {
    for (const { name, message, envelope, frame } of vectorsIn<Vector[]>('vectors.json')) {
      const block = (message as Record<string, Record<string, unknown>>)['key_block'];
      const { number, bytes, offset = 0, total = 0, qber = '-' } = block ?? {};
      const question = block ? `block ${number} ${bytes} ${offset} ${total} ${qber}` : `reencode ${envelope}`;
      assert.equal(ask([question])[0], frame, name);
    }
  });

  test('no block is begun while 64 that went out have no answer, and one that is begun goes out whole', () => {
    assert.deepEqual(ask(['unanswered 200 3', 'unanswered 64 0', 'unanswered 60 60']), [
      '128 134 ',
      '128 128 ',
      '120 120 ',
    ]);
  });

  test('frames of any length come out even, and damaged ones are dropped', () => {
    const messages = inputs.filter(({ length }) => length > 0 && length <= 256);
    const frames = ask(messages.map((message) => `frame ${hex(message)}`));
    assert.deepEqual(
      ask(frames.map((frame) => `unframe 00${frame}`)),
      messages.map((message) => `${hex(message)} 0`),
    );
    const damaged = frames.map(
      (frame) =>
        `unframe ${frame.replace(/^(..)(.)/, (_, code, digit) => code + (digit === 'f' ? 'e' : 'f'))}`,
    );
    for (const answer of ask(damaged)) assert.match(answer, /^[12]$/);
    const tooLong = ask([`frame ${hex(randomBytes(257))}`])[0];
    assert.equal(ask([`unframe ${tooLong}`])[0], '1');
  });

  test('messages in reports of any size, with and without an ID, are those of another encoder, and come back whole', () => {
    for (const [size, id] of [
      [64, 0],
      [64, 9],
      [63, 1],
    ] as const) {
      const messages = inputs.filter(({ length }) => length > 0 && length <= 256);
      const reports = ask(messages.map((message) => `reports ${hex(message)} ${size} ${id}`));
      assert.deepEqual(
        reports,
        messages.map((message) => naiveReports(message, size, id).join(' ').concat(' ')),
      );
      const together = reports.map((line) => line.replaceAll(' ', ''));
      assert.deepEqual(
        ask(together.map((line) => `unreport ${line} ${size} ${id}`)),
        messages.map((message) => `${hex(message)} 0`),
      );
      // One report missing, in the middle of a message: that one message is dropped.
      const long = reports.at(-1)!.trim().split(' ');
      assert.ok(long.length >= 4);
      const gap = [...long.slice(0, 1), ...long.slice(2), together[0]!];
      assert.equal(ask([`unreport ${gap.join('')} ${size} ${id}`])[0], `${hex(messages[0]!)} 1`);
    }
  });

  test('cuts every golden message into its reports, and puts together those that are for a module', () => {
    const vectors = vectorsIn<ReportVector[]>('hid-vectors.json');
    assert.ok(vectors.length > 0);
    for (const { name, report_bytes: size, report_id, first_sequence, message, reports } of vectors) {
      const id = report_id ?? 0;
      const cut = ask([`reports ${message} ${size} ${id} ${first_sequence}`], quickProbe);
      assert.deepEqual(cut[0]!.trim().split(' '), reports, name);
      const whole = ask([`unreport ${reports.join('')} ${size} ${id}`], quickProbe);
      assert.equal(whole[0], message.length <= 512 ? `${message} 0` : '1', name);
    }
  });

  test('check sum, hash and keyed hash are those of other implementations', () => {
    assert.deepEqual(ask(['crc 313233343536373839']), ['e3069283']);
    assert.deepEqual(
      ask(inputs.map((input) => `crc ${hex(input)}`)),
      inputs.map((input) => crc32c(input).toString(16).padStart(8, '0')),
    );
    assert.deepEqual(
      ask(inputs.map((input) => `hash ${hex(input)}`)),
      inputs.map((input) => createHash('blake2b512').update(input).digest('hex')),
    );
    const key = randomBytes(64);
    assert.deepEqual(
      ask(inputs.map((input) => `hmac ${hex(key)} ${hex(input)}`)),
      inputs.map((input) => createHmac('blake2b512', key).update(input).digest('hex')),
    );
  });

  test('ChaCha20-Poly1305 seals as another implementation does, and opens only what was not touched', () => {
    const key = randomBytes(32);
    const cases = inputs.flatMap((data, i) =>
      inputs.map((plain, j) => ({ data, plain, nonce: 2 ** 40 + 17 * i + j })),
    );
    const sealed = cases.map(({ data, plain, nonce }) => sealedElsewhere(key, nonce, data, plain));
    assert.deepEqual(
      ask(cases.map(({ data, plain, nonce }) => `seal ${hex(key)} ${nonce} ${hex(data)} ${hex(plain)}`)),
      sealed.map(hex),
    );
    const open = (i: number, text: Buffer): string =>
      `unseal ${hex(key)} ${cases[i]!.nonce} ${hex(cases[i]!.data)} ${hex(text)}`;
    assert.deepEqual(
      ask(sealed.map((text, i) => open(i, text))),
      cases.map(({ plain }) => plain.toString('hex')),
    );
    const touched = sealed.map((text, i) => {
      const other = Buffer.from(text);
      other[(i * 7) % other.length]! ^= 1 << (i % 8);
      return open(i, other);
    });
    for (const answer of ask(touched)) assert.equal(answer, 'false');
  });

  test('X25519 has the values of RFC 7748, after a thousand rounds too, and those of another implementation', () => {
    const nine = '09'.padEnd(64, '0');
    const rounds = [1, 1000].map((count) => `x25519 ${nine} ${nine} ${count}`);
    assert.deepEqual(ask(rounds, quickProbe), [
      '422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079',
      '684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51',
    ]);
    const secrets = Array.from({ length: 50 }, () => randomBytes(32));
    const questions = secrets.map((secret) => `x25519 ${hex(secret)} -`);
    for (const program of [probe, quickProbe])
      assert.deepEqual(ask(questions, program), secrets.map(pointOf));
  });

  test('a channel is made, and records are sealed, as the golden handshakes say', () => {
    const handshakes = vectorsIn<Handshake[]>('channel-vectors.json');
    assert.ok(handshakes.length > 0);
    for (const { module_key, channel_open, channel_answer, e_m, k_a, k_m, records } of handshakes) {
      assert.deepEqual(ask([`handshake ${module_key} ${channel_open} ${e_m}`]), [
        `${channel_answer} ${k_a} ${k_m}`,
      ]);
      const other = channel_open.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
      assert.deepEqual(ask([`handshake ${module_key} ${other} ${e_m}`]), ['false']);
      for (const { from, counter, envelope, record } of records) {
        const key = from === 'agent' ? k_a : k_m;
        assert.deepEqual(ask([`seal ${key} ${counter} - ${envelope}`]), [record.slice(18)]);
      }
    }
  });

  test(`${FUZZ_ROUNDS} rounds of false input break nothing under the sanitizers (seed ${SEED})`, async (t) => {
    const { stdout } = await promisify(execFile)(fuzz, [String(SEED), String(FUZZ_ROUNDS)]);
    t.diagnostic(stdout.trim());
    assert.match(stdout, new RegExp(`^${FUZZ_ROUNDS} rounds, [1-9]\\d* sealed .* [1-9]\\d* blocks stored`));
  });
});

function naiveReports(message: Buffer, size: number, id: number): string[] {
  const check = Buffer.alloc(4);
  check.writeUInt32LE(crc32c(message));
  const bytes = Buffer.concat([message, check]);
  const room = size - 3 - (id === 0 ? 0 : 1);
  const count = Math.ceil(bytes.length / room);
  return Array.from({ length: count }, (_, i) => {
    const piece = bytes.subarray(i * room, (i + 1) * room);
    const word = piece.length + (i === 0 ? 0x8000 : 0) + (i === count - 1 ? 0x4000 : 0);
    const report = Buffer.concat([Buffer.of(...(id === 0 ? [] : [id]), i, word & 255, word >> 8), piece]);
    return Buffer.concat([report, Buffer.alloc(size - report.length)]).toString('hex');
  });
}

function sealedElsewhere(key: Buffer, counter: number, data: Buffer, plain: Buffer): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64LE(BigInt(counter), 4);
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
  cipher.setAAD(data, { plaintextLength: plain.length });
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function pointOf(secret: Buffer): string {
  const der = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), secret]);
  const key = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  return key.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
}
