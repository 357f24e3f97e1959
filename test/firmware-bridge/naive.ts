/**
 * The wire written down a second time, bit by bit and without any of the agent's code, for the golden vectors:
 * `node test/firmware-bridge/naive.ts > firmware-bridge/vectors.json` makes them anew.
 */
export type Vector = {
  /** What the vector shows. */
  readonly name: string;
  readonly from: 'module' | 'agent';
  /** Fields by their names in bridge.proto; bytes in hexadecimal. */
  readonly message: Readonly<Record<string, unknown>>;
  /** The protobuf envelope. */
  readonly envelope: string;
  readonly crc32c: string;
  /** The bytes on the wire, delimiter included. */
  readonly frame: string;
};

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt(value);
  while (rest > 127n) {
    bytes.push(Number(rest % 128n) + 128);
    rest /= 128n;
  }
  bytes.push(Number(rest));
  return bytes;
}

const uint = (field: number, value: number): number[] => (value === 0 ? [] : [field * 8, ...varint(value)]);
const sized = (field: number, bytes: number[]): number[] => [
  field * 8 + 2,
  ...varint(bytes.length),
  ...bytes,
];
const text = (field: number, value: string): number[] =>
  value === '' ? [] : sized(field, [...Buffer.from(value)]);
const double = (field: number, value: number): number[] => [
  field * 8 + 1,
  ...new Uint8Array(new Float64Array([value]).buffer),
];

const doubles = (values: number[]): number[] => [...new Uint8Array(new Float64Array(values).buffer)];

export function naiveCrc32c(bytes: readonly number[]): number {
  let register = 0xffffffff;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const feedback = (register & 1) !== ((byte >> bit) & 1);
      register = feedback ? (register >>> 1) ^ 0x82f63b78 : register >>> 1;
    }
  }
  return ~register >>> 0;
}

/** COBS after its definition: append a zero, cut after each zero and after each 254 bytes without one. */
export function naiveCobs(bytes: readonly number[]): number[] {
  const out: number[] = [];
  let rest = [...bytes, 0];
  while (rest.length > 0) {
    const zero = rest.indexOf(0);
    const group = rest.slice(0, Math.min(zero, 254));
    out.push(group.length + 1, ...group);
    rest = rest.slice(group.length + (group.length < 254 ? 1 : 0));
    // The zero that was appended is not part of the data: after a full group it may be left over alone.
    if (group.length === 254 && rest.length === 1) break;
  }
  return out;
}

export function naiveFrame(envelope: readonly number[]): number[] {
  const check = naiveCrc32c(envelope);
  const little = [0, 8, 16, 24].map((shift) => (check >>> shift) & 255);
  return [...naiveCobs([...envelope, ...little]), 0];
}

type Case = { name: string; from: Vector['from']; message: Vector['message']; field: number; body: number[] };

const bytesOf = (length: number, of: (i: number) => number): number[] =>
  Array.from({ length }, (_, i) => of(i));
const hex = (bytes: readonly number[]): string => Buffer.from(bytes).toString('hex');

function block(name: string, number: number, bytes: number[]): Case {
  const message = { key_block: { number, bytes: hex(bytes) } };
  return { name, from: 'module', message, field: 4, body: [...uint(1, number), ...sized(2, bytes)] };
}

/** A part of a block of 130 bytes. */
function part(name: string, offset: number, length: number): Case {
  const bytes = bytesOf(length, (i) => (offset + i) & 255);
  const qber = offset === 0 ? { qber: 0.03 } : {};
  const message = { key_block: { number: 6, bytes: hex(bytes), offset, total: 130, ...qber } };
  const body = [...uint(1, 6), ...sized(2, bytes), ...uint(3, offset), ...uint(4, 130)];
  return {
    name,
    from: 'module',
    message,
    field: 4,
    body: offset === 0 ? [...body, ...double(5, 0.03)] : body,
  };
}

function cases(): Case[] {
  const hello = {
    opening: 7,
    protocol_min: 1,
    protocol_max: 1,
    module_id: 'L1-tx',
    link_id: 'L1',
    role: 1,
    firmware_version: '1.4.2',
    max_block_bytes: 4096,
  };
  return [
    {
      name: 'agent_hello',
      from: 'agent',
      message: { agent_hello: { opening: 7, protocol_min: 1, protocol_max: 1, max_block_bytes: 65_536 } },
      field: 2,
      body: [...uint(1, 7), ...uint(2, 1), ...uint(3, 1), ...uint(4, 65_536)],
    },
    {
      name: 'hello',
      from: 'module',
      message: { hello },
      field: 1,
      body: [
        ...[
          ...uint(1, 7),
          ...uint(2, 1),
          ...uint(3, 1),
          ...text(4, 'L1-tx'),
          ...text(5, 'L1'),
          ...uint(6, 1),
        ],
        ...[...text(7, '1.4.2'), ...uint(8, 4096)],
      ],
    },
    { name: 'credit', from: 'agent', message: { credit: { parts: 64 } }, field: 3, body: uint(1, 64) },
    block('key_block 0: the number is left out, as proto3 does', 0, [0xaa]),
    block(
      'key_block of zeros only',
      1,
      bytesOf(8, () => 0),
    ),
    block('key_block with the greatest number', 2 ** 38 - 1, [1, 0, 2, 0, 0, 3]),
    block(
      'key_block whose envelope is longer than one COBS group',
      5,
      bytesOf(300, (i) => 1 + (i % 255)),
    ),
    {
      name: 'acknowledge: stored (packed)',
      from: 'agent',
      message: { acknowledge: { stored: [0, 1, 300] } },
      field: 5,
      body: sized(1, [...varint(0), ...varint(1), ...varint(300)]),
    },
    {
      name: 'acknowledge: refused',
      from: 'agent',
      message: { acknowledge: { refused: { number: 2, reason: 'other bits' } } },
      field: 5,
      body: sized(2, [...uint(1, 2), ...text(2, 'other bits')]),
    },
    {
      name: 'telemetry',
      from: 'module',
      message: { telemetry: { qber: 0.02, skr: 327_680 } },
      field: 6,
      body: [...double(1, 0.02), ...double(2, 327_680)],
    },
    {
      name: 'telemetry: a measured zero is not a missing value',
      from: 'module',
      message: { telemetry: { qber: 0 } },
      field: 6,
      body: double(1, 0),
    },
    {
      name: 'alarm',
      from: 'module',
      message: { alarm: { code: 'qber.high', text: 'QBER 0.12', active: true } },
      field: 7,
      body: [...text(1, 'qber.high'), ...text(2, 'QBER 0.12'), ...uint(3, 1)],
    },
    {
      name: 'hello of a module with long blocks',
      from: 'module',
      message: { hello: { ...hello, max_block_bytes: 16_777_216, max_part_bytes: 1024 } },
      field: 1,
      body: [
        ...[...uint(1, 7), ...uint(2, 1), ...uint(3, 1), ...text(4, 'L1-tx'), ...text(5, 'L1')],
        ...[...uint(6, 1), ...text(7, '1.4.2'), ...uint(8, 16_777_216), ...uint(9, 1024)],
      ],
    },
    {
      name: 'agent_hello with a part size',
      from: 'agent',
      message: {
        agent_hello: {
          opening: 7,
          protocol_min: 1,
          protocol_max: 1,
          max_block_bytes: 16_777_216,
          max_part_bytes: 4096,
        },
      },
      field: 2,
      body: [...uint(1, 7), ...uint(2, 1), ...uint(3, 1), ...uint(4, 16_777_216), ...uint(5, 4096)],
    },
    part('key_block: the first of three parts of 64 bytes, with the QBER of the block', 0, 64),
    part('key_block: the second', 64, 64),
    part('key_block: the last, shorter', 128, 2),
    {
      name: 'telemetry with everything',
      from: 'module',
      message: {
        telemetry: {
          qber: 0.5,
          skr: 1e6,
          eskr: 2e6,
          visibility: 0.98,
          status: 1,
          temperatures: [-40, 21.5],
          detector_counts: [120_000, 0],
        },
      },
      field: 6,
      body: [
        ...[...double(1, 0.5), ...double(2, 1e6), ...double(3, 2e6), ...double(4, 0.98), ...uint(5, 1)],
        ...sized(6, doubles([-40, 21.5])),
        ...sized(7, doubles([120_000, 0])),
      ],
    },
    {
      name: 'alarm: suspect',
      from: 'module',
      message: { alarm: { code: 'laser', text: '', active: true, suspect: true } },
      field: 7,
      body: [...text(1, 'laser'), ...uint(3, 1), ...uint(4, 1)],
    },
    ...[1, 2, 3, 4].map((action): Case => {
      const body = [...uint(1, 9), ...uint(2, action)];
      return {
        name: `command ${action}`,
        from: 'agent',
        message: { command: { token: 9, action } },
        field: 12,
        body,
      };
    }),
    {
      name: 'command_result',
      from: 'module',
      message: { command_result: { token: 9, outcome: 2, text: 'no light' } },
      field: 13,
      body: [...uint(1, 9), ...uint(2, 2), ...text(3, 'no light')],
    },
    { name: 'zeroize', from: 'agent', message: { zeroize: { token: 9 } }, field: 8, body: uint(1, 9) },
    {
      name: 'zeroized',
      from: 'module',
      message: { zeroized: { token: 9, blocks: 3 } },
      field: 9,
      body: [...uint(1, 9), ...uint(2, 3)],
    },
    { name: 'ping', from: 'agent', message: { ping: { token: 1 } }, field: 10, body: uint(1, 1) },
    {
      name: 'pong',
      from: 'module',
      message: { pong: { token: 1, parts_sent: 5, blocks_answered: 4, credit: 64 } },
      field: 11,
      body: [...uint(1, 1), ...uint(2, 5), ...uint(3, 4), ...uint(4, 64)],
    },
  ];
}

export function naiveVectors(): Vector[] {
  return cases().map(({ name, from, message, field, body }) => {
    const envelope = sized(field, body);
    const check = naiveCrc32c(envelope).toString(16).padStart(8, '0');
    return { name, from, message, envelope: hex(envelope), crc32c: check, frame: hex(naiveFrame(envelope)) };
  });
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(naiveVectors(), null, 2)}\n`);
