import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../src/limits.ts';
import { sparing } from '../../src/node/sparing-log.ts';
import { ManualClock } from '../manual-clock.ts';
import { Lines } from '../store/temp-store.ts';

const { logLinesMax, logSpareMs } = limits;

test('of one event of one peer there are so many lines a second; then the next says how many were left out', () => {
  const lines = new Lines();
  const clock = new ManualClock();
  const log = sparing(lines, clock);
  const flood = (count: number, peer: string) => {
    for (let i = 0; i < count; i++) log.warn('kx.message.unexpected', { peer, command: i });
  };
  flood(1_000, 'B');
  assert.equal(lines.lines.length, logLinesMax);
  flood(3, 'C');
  log.with({ peer: 'D' }).error('kx.message.unexpected');
  log.warn('kx.message.malformed', { peer: 'B' });
  assert.equal(lines.lines.length, logLinesMax + 5, 'of others, and other events, nothing is left out');
  clock.advance(logSpareMs);
  flood(1, 'B');
  assert.deepEqual(lines.lines.at(-1)?.fields, { peer: 'B', command: 0, left_out: 1_000 - logLinesMax });
  flood(1, 'B');
  assert.equal(lines.lines.at(-1)?.fields['left_out'], undefined);
});

test('a log that was made with a peer counts for that peer, and at the level debug nothing is left out', () => {
  const lines = new Lines();
  const log = sparing(lines, new ManualClock());
  const [b, c] = ['B', 'C'].map((peer) => log.with({ peer }));
  for (let i = 0; i < 2 * logLinesMax; i++) {
    b!.warn('kma.block.quarantined', { number: i });
    c!.debug('module.acknowledged', { number: i });
  }
  c!.warn('kma.block.quarantined', { number: 1 });
  assert.equal(lines.of('kma.block.quarantined').length, logLinesMax + 1);
  assert.equal(lines.of('module.acknowledged').length, 2 * logLinesMax);
  assert.equal(lines.lines.at(-1)?.fields['peer'], 'C');
});
