import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Gate, hostOf, kxGate } from '../../src/kx/peer/gate.ts';
import { limits } from '../../src/limits.ts';
import { ManualClock } from '../manual-clock.ts';

const {
  kxHandshakesPerHostMax,
  kxHandshakesMax,
  kxHandshakeBurst,
  kxHandshakesPerSecond,
  kxHandshakeLostCost,
  gateHostsMax,
} = limits;

describe('a host may begin', () => {
  test('so many handshakes at once, and another when one is over', () => {
    const gate = new Gate(kxGate, new ManualClock());
    const all = Array.from({ length: kxHandshakesPerHostMax }, () => gate.enter('192.0.2.1'));
    assert.ok(all.every((over) => over !== undefined));
    assert.equal(gate.enter('192.0.2.1'), undefined);
    assert.notEqual(gate.enter('192.0.2.2'), undefined, 'another host is not held back by it');
    all[0]!(false);
    all[0]!(false);
    assert.notEqual(gate.enter('192.0.2.1'), undefined);
    assert.equal(gate.enter('192.0.2.1'), undefined, 'and is over once only');
  });

  test('so many at a stretch, then so many a second', () => {
    const clock = new ManualClock();
    const gate = new Gate(kxGate, clock);
    const tries = (count: number, welcome = true) => {
      let admitted = 0;
      for (let i = 0; i < count; i++) {
        const over = gate.enter('2001:db8::1');
        over?.(welcome);
        if (over !== undefined) admitted += 1;
      }
      return admitted;
    };
    assert.equal(tries(1_000), kxHandshakeBurst);
    clock.advance(1_000);
    assert.equal(tries(1_000), kxHandshakesPerSecond);
    clock.advance(3_600_000);
    assert.equal(tries(1_000), kxHandshakeBurst, 'no more is saved up than the burst');
    clock.advance(3_600_000);
    assert.equal(
      tries(1_000, false),
      kxHandshakeBurst / kxHandshakeLostCost,
      'those that came to nothing count as several',
    );
    clock.advance(5_000);
    assert.equal(tries(1_000, false), (5 * kxHandshakesPerSecond) / kxHandshakeLostCost);
  });
});

test('all strangers together may have so many under way; a host from which a peer came still gets in', () => {
  const clock = new ManualClock();
  const gate = new Gate(kxGate, clock);
  gate.enter('192.0.2.1')!(true);
  gate.enter('192.0.2.2')!(false);
  for (let i = 0; i < kxHandshakesMax; i++) assert.notEqual(gate.enter(`198.51.${i >> 4}.1`), undefined);
  assert.equal(gate.enter('192.0.2.2'), undefined);
  const over = gate.enter('192.0.2.1');
  assert.notEqual(over, undefined);
  for (let i = 1; i < kxHandshakesPerHostMax; i++) gate.enter('192.0.2.1');
  assert.equal(gate.enter('192.0.2.1'), undefined, 'its own bound holds for it too');
});

test('hosts beyond number are forgotten, the one that was seen longest ago first, and never one with a handshake under way', () => {
  const gate = new Gate(kxGate, new ManualClock());
  const drained = '192.0.2.1';
  const held = gate.enter('192.0.2.2');
  for (let i = 0; i < kxHandshakeBurst; i++) gate.enter(drained)!(true);
  const others = (count: number, net: number) => {
    for (let i = 0; i < count; i++) gate.enter(`${net}.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)!(false);
  };
  others(gateHostsMax - 2, 10);
  assert.equal(gate.enter(drained), undefined, 'it is remembered');
  others(gateHostsMax, 11);
  assert.notEqual(gate.enter(drained), undefined, 'it has been forgotten');
  for (let i = 1; i < kxHandshakesPerHostMax; i++) assert.notEqual(gate.enter('192.0.2.2'), undefined);
  assert.equal(gate.enter('192.0.2.2'), undefined, 'the one that was under way all the time still counts');
  held?.(false);
});

test('one host is one IPv4 address, or one 64-bit prefix of IPv6', () => {
  const same = [
    ['192.0.2.1', '::ffff:192.0.2.1', '::FFFF:192.0.2.1'],
    ['2001:db8::1', '2001:db8:0:0:1:2:3:4', '2001:db8::ffff:0:0:9'],
    ['fe80::1%eth0', 'fe80::2'],
    ['::1', '::2'],
    ['2001:db8:1:2::', '2001:db8:1:2:3:4:5:6'],
  ];
  for (const group of same) assert.equal(new Set(group.map(hostOf)).size, 1, group.join());
  assert.equal(new Set(same.map(([first]) => hostOf(first!))).size, same.length);
  assert.notEqual(hostOf('192.0.2.1'), hostOf('192.0.2.2'));
});
