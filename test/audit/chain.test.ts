import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { lineAfter } from '../../src/audit/chain/line.ts';
import { chainOf, linkAt, sealerOf, verdictOn } from './lines.ts';

const SEED = Number(process.env['KEYFERRY_SEED'] ?? 1);
const RUNS = Number(process.env['KEYFERRY_AUDIT_RUNS'] ?? 300);
const parameters = { seed: SEED, numRuns: RUNS };

/** A chain of some lines, and the places of two of them. */
const chains = fc
  .tuple(
    fc.integer({ min: 4, max: 30 }),
    fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 5 }),
  )
  .chain(([count, words]) => {
    const place = fc.integer({ min: 0, max: count - 1 });
    return fc.record({ lines: fc.constant(chainOf(count, words)), i: place, j: place });
  });

const bytesOf = (lines: readonly string[]): Buffer => Buffer.from(lines.map((line) => `${line}\n`).join(''));

test(`a chain is whole as it was written, whatever words are in it (seed ${SEED}, ${RUNS} runs)`, () => {
  using sealer = sealerOf();
  const holds = fc.property(chains, ({ lines, i }) => {
    const verdict = verdictOn(lines, { sealer, anchors: [linkAt(lines, i + 1)] });
    assert.equal(verdict.fault, null);
    assert.equal(verdict.lines, lines.length);
    assert.equal(verdict.anchorsHeld, 1);
    assert.ok(verdict.sealedTo !== null);
  });
  fc.assert(holds, parameters);
});

test('a byte that is changed is found, and its line named', () => {
  const flips = fc.tuple(chains, fc.nat(), fc.integer({ min: 1, max: 255 }));
  const holds = fc.property(flips, ([{ lines }, place, flip]) => {
    const bytes = bytesOf(lines);
    const at = place % bytes.length;
    const line = bytes.subarray(0, at).filter((byte) => byte === 0x0a).length;
    bytes[at]! ^= flip;
    const { fault } = verdictOn(bytes);
    assert.ok(fault !== null, `byte ${at}`);
    // A newline that comes or goes makes two lines of one, or one of two; the last one's end leaves it unfinished.
    assert.ok(fault.seq === line + 1, `line ${line + 1}, not ${fault.seq}`);
    assert.ok(['changed', 'unfinished'].includes(fault.kind), fault.kind);
  });
  fc.assert(holds, parameters);
});

test('lines that are taken out are missed, wherever they stood', () => {
  const holds = fc.property(chains, fc.integer({ min: 1, max: 5 }), ({ lines, i }, count) => {
    const from = Math.min(i, lines.length - 2);
    const left = [...lines.slice(0, from), ...lines.slice(from + count)];
    const { fault } = verdictOn(left, { anchors: [linkAt(lines, lines.length)] });
    assert.ok(fault !== null);
    assert.equal(fault.seq, from + 1);
    const atEnd = from + count >= lines.length;
    assert.equal(fault.kind, from === 0 && !atEnd ? 'beginning' : atEnd ? 'cut_off' : 'missing');
  });
  fc.assert(holds, parameters);
});

test('two lines that change places are found, and said to be out of order', () => {
  const holds = fc.property(chains, ({ lines, i, j }) => {
    fc.pre(i !== j);
    const moved = [...lines];
    [moved[i], moved[j]] = [lines[j]!, lines[i]!];
    const { fault } = verdictOn(moved);
    const first = Math.min(i, j);
    if (first === 0) return assert.ok(fault !== null);
    assert.equal(fault?.kind, 'out_of_order');
    assert.equal(fault.seq, first + 1);
  });
  fc.assert(holds, parameters);
});

test('a line that stands twice is found', () => {
  const holds = fc.property(chains, ({ lines, i }) => {
    const { fault } = verdictOn([...lines.slice(0, i + 1), ...lines.slice(i)]);
    assert.equal(fault?.kind, 'out_of_order');
    assert.equal(fault.seq, i + 1);
  });
  fc.assert(holds, parameters);
});

test('a trail that is cut anywhere is found by its last whole line or by an anchor', () => {
  const holds = fc.property(chains, fc.nat(), ({ lines }, place) => {
    const bytes = bytesOf(lines);
    const cut = bytes.subarray(0, place % bytes.length);
    const { fault } = verdictOn(cut, { anchors: [linkAt(lines, lines.length)] });
    const whole = cut.filter((byte) => byte === 0x0a).length;
    assert.equal(fault?.seq, whole + 1);
    assert.equal(fault.kind, cut.length === 0 || cut.at(-1) === 0x0a ? 'cut_off' : 'unfinished');
  });
  fc.assert(holds, parameters);
});

/** Writes all lines from `from` on anew, as somebody would who has the disk: with their hashes, and the seals as they were. */
function forged(lines: readonly string[], from: number): string[] {
  let head = from === 0 ? { seq: 0, hash: '0'.repeat(64) } : linkAt(lines, from);
  const anew = lines.slice(from).map((text, i) => {
    const { seq: _seq, time, prev: _prev, hash: _hash, ...fields } = JSON.parse(text);
    if (i === 0) fields.who = 'somebody else';
    const line = lineAfter(head, time, fields);
    head = line.link;
    return line.text;
  });
  return [...lines.slice(0, from), ...anew];
}

test('whoever writes lines anew without the node key is found by the next seal, and by any anchor behind', () => {
  using sealer = sealerOf();
  const holds = fc.property(chains, ({ lines, i }) => {
    const other = forged(lines, i);
    assert.equal(verdictOn(other).fault, null, 'the chain alone does not tell');
    const isSealedAfter = lines.slice(i + 1).some((line) => line.includes('"audit.seal"'));
    assert.equal(verdictOn(other, { sealer }).fault?.kind, isSealedAfter ? 'seal' : undefined);
    const anchored = verdictOn(other, { anchors: [linkAt(lines, lines.length)] });
    assert.deepEqual([anchored.fault?.kind, anchored.fault?.seq], ['rewritten', lines.length]);
  });
  fc.assert(holds, parameters);
});

test('a line that is written anew with its hash does not fit the next one', () => {
  const lines = chainOf(12);
  const other = [...lines.slice(0, 5), forged(lines, 5)[5]!, ...lines.slice(6)];
  const { fault } = verdictOn(other);
  assert.deepEqual([fault?.kind, fault?.seq, fault?.line], ['rewritten', 6, 7]);
});

test('a trail without a seal of the node key is not taken for a sealed one', () => {
  using other = sealerOf(8);
  const lines = chainOf(9_000, ['x'], 3_000);
  const verdict = verdictOn(lines, { sealer: other });
  assert.deepEqual([verdict.fault?.kind, verdict.sealedTo, verdict.otherSeals], ['unsealed', null, 3]);
});

test('the hash is SHA-256 of what stands before it, as docs/audit.md says', () => {
  for (const line of chainOf(6, ['ä "quoted" \u2028 word'])) {
    const [, before = '', hash] = /^(.*),"hash":"([0-9a-f]{64})"\}$/s.exec(line) ?? [];
    assert.equal(createHash('sha256').update(before).digest('hex'), hash);
  }
});

/** A chain whose first lines are gone, and a line behind it that says they were removed by rule. */
function removed(count: number, to: number, seal: object): string[] {
  const lines = chainOf(count);
  const head = linkAt(lines, count);
  const { hash: last_hash } = linkAt(lines, to);
  const what = { what: 'audit.removed', who: 'agent', outcome: 'done', to_seq: to, last_hash, ...seal };
  return [...lines.slice(to), lineAfter(head, '2026-02-01T00:00:00.000Z', what).text];
}

test('a removal is believed by its own seal, or where it stands before all seals of the key', () => {
  using sealer = sealerOf();
  using older = sealerOf(8);
  const right = sealer.removal(linkAt(chainOf(20), 7));
  assert.equal(verdictOn(removed(20, 7, right), { sealer }).fault, null);
  assert.equal(verdictOn(removed(20, 7, {}), {}).fault, null, 'without the key nobody can tell');
  // Whoever has the disk alone writes one of these behind the last seal.
  for (const [seal, kind] of [
    [{}, 'beginning'],
    [older.removal(linkAt(chainOf(20), 7)), 'beginning'],
    [{ ...right, key: 'f'.repeat(16) }, 'beginning'],
    [{ ...right, mac: '0'.repeat(64) }, 'seal'],
    [sealer.seal(linkAt(chainOf(20), 7)), 'seal'],
  ] as const)
    assert.equal(verdictOn(removed(20, 7, seal), { sealer }).fault?.kind, kind, JSON.stringify(seal));
  // Made while the node had another key, and since then the new one's seals stand behind it.
  const before = removed(4, 2, older.removal(linkAt(chainOf(4), 2)));
  const { seq, hash } = JSON.parse(before.at(-1)!) as { seq: number; hash: string };
  const own = { what: 'audit.seal', who: 'agent', outcome: 'done', ...sealer.seal({ seq, hash }) };
  const { text } = lineAfter({ seq, hash }, '2026-02-01T00:00:01.000Z', own);
  const verdict = verdictOn([...before, text], { sealer });
  assert.deepEqual([verdict.fault, verdict.removedTo, verdict.sealedTo], [null, 2, seq]);
});

test('a line that is no JSON is a fault, however right its hash', () => {
  const lines = chainOf(5);
  const head = linkAt(lines, 5);
  const open = `{"seq":6,"time":"2026-01-01T00:00:00.000Z","what":"audit.seal",x,"prev":"${head.hash}"`;
  const hash = createHash('sha256').update(open).digest('hex');
  using sealer = sealerOf();
  assert.equal(verdictOn([...lines, `${open},"hash":"${hash}"}`], { sealer }).fault?.kind, 'changed');
});
