import { encoded, SPELLINGS } from '../kx/codec-under-test.ts';
import { faultFiles } from '../kx/fault-vectors/index.ts';
import { completion, keyFiles, relay } from '../kx/fault-vectors/message.ts';
import { sealed } from '../kx/fault-vectors/setting.ts';
import { keySupplyFaults, supplyAnswerFaults } from '../kx/fault-vectors/supply.ts';
import { frame } from '../kx/naive.ts';

const LONG = 4_000;

/** Keys of one form, which the codec reads in runs. */
function manyKeys(count: number, bytes: number): Buffer {
  const keys = Array.from({ length: count }, (_, i) => Buffer.alloc(bytes, 37 * i + 1));
  const ids = keys.map((_, i) => `0d5e4c1a-9b77-4e02-8f3d-aa00000000${(0xe0 + i).toString(16)}`);
  return sealed(JSON.stringify(relay({ keys: keyFiles(keys, ids) }, count * bytes)));
}

// What the codec itself writes.
function written(): Buffer[] {
  const block = { number: 12, epoch: 10, floor: 9 };
  const fields = { source: 'A', destination: 'C', transit: ['B'], request: 'request', block };
  const keys = [Buffer.alloc(32, 1), Buffer.alloc(32, 2), Buffer.alloc(32, 3)];
  return SPELLINGS.flatMap((names) => [
    encoded.relay(fields, '0d5e4c1a-9b77-4e02-8f3d-aa00000000ff', keys, names),
    encoded.completion('success', 'request', names),
  ]);
}

function synchronisation(): Buffer[] {
  const tag = Buffer.alloc(16, 0xa5);
  return [
    encoded.proposals([[12, 128, 12, tag]], 3),
    encoded.proposals(
      [
        [12, 128, 12, tag],
        [14, 1 << 20, 12, tag],
      ],
      0,
    ),
    encoded.answers([[12, tag]]),
    frame(2, 0x11f2, '{"blocks":[[12,"differs",""],[14,"unknown_epoch",""]]}'),
    frame(3, 0x11f3, '{"used":[[4,10]],"gone":[[12,12],[0,2]],"marks":[[14,300],[16,2]]}'),
  ];
}

/** Frames to begin from: real messages, and the vectors of one fault, but for the longest, which would take most of the time. */
export function corpus(): {
  readonly good: readonly Buffer[];
  readonly faulty: readonly Buffer[];
  readonly long: readonly Buffer[];
} {
  const vectors = Object.values(faultFiles).flatMap((make) => make());
  const frames = vectors.map(({ bytes }) => Buffer.from(bytes, 'hex')).filter(({ length }) => length >= 10);
  const others = [frame(2, 0x11fe, '{}'), frame(2, 0x11ff, '{}')];
  return {
    good: [
      ...written(),
      ...synchronisation(),
      ...others,
      ...[2, 5, 16].map((count) => manyKeys(count, 32)),
      manyKeys(6, 20),
      sealed(JSON.stringify(completion()), { command: 0x1102 }),
      ...[keySupplyFaults, supplyAnswerFaults].map((make) => Buffer.from(make()[0]!.bytes, 'hex')),
    ],
    faulty: frames.filter(({ length }) => length <= LONG),
    long: frames.filter(({ length }) => length > LONG),
  };
}
