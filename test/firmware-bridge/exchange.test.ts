import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AgentExchange } from '../../firmware-bridge/exchange.ts';
import { streamRoom } from '../../firmware-bridge/lines.ts';
import type { AgentMessage, Hello, ModuleMessage } from '../../firmware-bridge/message.ts';
import { ModuleExchange } from '../../firmware-bridge/module-exchange.ts';
import { limits } from '../../src/limits.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { identity, Line, roomFor } from './line.ts';

const options = { firstOpening: 5, expectedLinkId: 'L1' };
const connected = { type: 'connected', room: roomFor(4), nowMs: 0 } as const;
const hello: Hello = { type: 'hello', opening: 5, protocolMin: 1, protocolMax: 1, ...identity };

function openAgent(overrides: Partial<Hello> = {}): {
  agent: AgentExchange;
  effects: readonly { type: string }[];
} {
  const agent = new AgentExchange(options);
  agent.handle(connected);
  const effects = agent.handle({ type: 'message', message: { ...hello, ...overrides }, nowMs: 1 });
  return { agent, effects };
}

function block(number: number, length = 8): ModuleMessage & { type: 'key_block' } {
  return { type: 'key_block', number, bytes: SecretBytes.alloc(length) };
}

const types = (effects: readonly { type: string }[]): string[] => effects.map(({ type }) => type);

test('nothing is acknowledged before it was stored', () => {
  const { agent } = openAgent();
  const delivered = agent.handle({ type: 'message', message: block(9), nowMs: 2 });
  assert.deepEqual(types(delivered), ['deliver']);
  assert.deepEqual(agent.handle({ type: 'flush' }), []);
  assert.deepEqual(types(agent.handle({ type: 'tick', nowMs: 1500 })), ['send']);
  agent.handle({ type: 'answered', opening: 5, number: 9, verdict: { stored: true } });
  const [first] = agent.handle({ type: 'flush' });
  assert.deepEqual(first, { type: 'send', message: { type: 'acknowledge', stored: [9] } });
});

test('an answer that belongs to an earlier opening is not sent', () => {
  const { agent } = openAgent();
  agent.handle({ type: 'message', message: block(9), nowMs: 2 });
  agent.handle({ type: 'message', message: { ...hello, opening: 0 }, nowMs: 3 });
  agent.handle({ type: 'message', message: { ...hello, opening: 6 }, nowMs: 4 });
  agent.handle({ type: 'message', message: block(9), nowMs: 5 });
  agent.handle({ type: 'answered', opening: 5, number: 9, verdict: { stored: true } });
  assert.deepEqual(agent.handle({ type: 'flush' }), []);
});

test('a hello that answers an earlier opening is not taken for an answer', () => {
  assert.deepEqual(openAgent({ opening: 4 }).effects, []);
  assert.deepEqual(types(openAgent().effects), ['opened', 'send']);
});

test('a module lets go of a block only for an answer in the opening in which it sent the block', () => {
  const module = new ModuleExchange(identity, 10);
  const agentHello = {
    type: 'agent_hello',
    opening: 1,
    protocolMin: 1,
    protocolMax: 1,
    maxBlockBytes: 64,
  } as const;
  const say = (message: AgentMessage): string[] =>
    types(module.handle({ type: 'message', message, nowMs: 0 }));
  module.handle({ type: 'block', number: 3, bytes: SecretBytes.alloc(8) });
  assert.deepEqual(say({ type: 'acknowledge', stored: [3] }), ['send']);
  say(agentHello);
  assert.deepEqual(say({ type: 'acknowledge', stored: [3] }), []);
  assert.deepEqual(say({ type: 'credit', parts: 1 }), ['send']);
  say({ ...agentHello, opening: 2 });
  assert.deepEqual(say({ type: 'acknowledge', stored: [3] }), []);
  assert.equal(module.heldBlocks, 1);
  say({ type: 'credit', parts: 1 });
  assert.deepEqual(say({ type: 'acknowledge', stored: [3, 4] }), ['forgot']);
  assert.equal(module.heldBlocks, 0);
});

test('a module that cannot be spoken to is hung up on, with the reason', () => {
  for (const [overrides, reason] of [
    [{ linkId: 'L2' }, /on link L2, not on L1/],
    [{ protocolMin: 2, protocolMax: 3 }, /versions 2 to 3, not 1 to 1/],
    [{ maxBlockBytes: limits.bridgeBlockBytesMax + 1 }, /more than fits/],
    [{ maxBlockBytes: 0 }, /more than fits|blocks of up to 0/],
  ] as const) {
    const { effects } = openAgent(overrides);
    assert.deepEqual(types(effects), ['hang_up']);
    assert.match((effects[0] as unknown as { reason: string }).reason, reason);
  }
});

test('blocks without credit, twice at once, or too long end the opening and are wiped', () => {
  const beyond = openAgent().agent;
  for (let i = 0; i < 4; i++) beyond.handle({ type: 'message', message: block(i), nowMs: 2 });
  const twice = openAgent().agent;
  twice.handle({ type: 'message', message: block(7), nowMs: 2 });
  const cases = [
    { agent: beyond, bad: block(7) },
    { agent: twice, bad: block(7) },
    { agent: openAgent().agent, bad: block(7, identity.maxBlockBytes + 1) },
  ];
  for (const { agent, bad } of cases) {
    assert.deepEqual(types(agent.handle({ type: 'message', message: bad, nowMs: 3 })), ['lost', 'hang_up']);
    assert(bad.bytes.wiped);
  }
});

test('before the hello, and after hanging up, blocks are wiped and malformed messages are nothing', () => {
  const agent = new AgentExchange(options);
  agent.handle(connected);
  const early = block(1);
  assert.deepEqual(agent.handle({ type: 'message', message: early, nowMs: 1 }), []);
  assert(early.bytes.wiped);
  assert.deepEqual(agent.handle({ type: 'malformed', reason: 'x' }), []);
  agent.handle({ type: 'message', message: hello, nowMs: 2 });
  assert.deepEqual(types(agent.handle({ type: 'malformed', reason: 'x' })), ['lost', 'hang_up']);
});

test('silence ends an opening, bytes of an unfinished block keep it', () => {
  const { agent } = openAgent();
  let now = 1;
  for (; now < 20_000; now += 500) {
    agent.handle({ type: 'heard', nowMs: now });
    assert(!types(agent.handle({ type: 'tick', nowMs: now })).includes('hang_up'));
  }
  now += limits.portSilenceMs;
  assert.deepEqual(types(agent.handle({ type: 'tick', nowMs: now })), ['lost', 'hang_up']);
});

test('a module that does not answer the hello is asked again, then hung up on', () => {
  const agent = new AgentExchange(options);
  agent.handle(connected);
  const seen: string[] = [];
  for (let now = 250; now <= limits.portSilenceMs; now += 250) {
    agent.handle({ type: 'heard', nowMs: now });
    seen.push(...types(agent.handle({ type: 'tick', nowMs: now })));
  }
  assert.deepEqual(seen, ['send', 'send', 'send', 'send', 'hang_up']);
});

test('on a slow line the credit is what half a minute carries, and at least one block', () => {
  for (const [rate, credit] of [
    [1e9, 64],
    [11_520, 5],
    [960, 1],
  ] as const) {
    const agent = new AgentExchange(options);
    agent.handle({ type: 'connected', room: streamRoom(rate), nowMs: 0 });
    const effects = agent.handle({ type: 'message', message: { ...hello, maxBlockBytes: 65_536 }, nowMs: 1 });
    assert.deepEqual(effects[1], { type: 'send', message: { type: 'credit', parts: credit } });
  }
});

test('a lost block, answer or credit is found at the next ping and healed by a new opening', () => {
  for (const lose of ['key_block', 'acknowledge', 'credit']) {
    const line = new Line(4, 100);
    line.connect();
    for (let number = 0; number < 20; number++) line.make(number);
    let lost = false;
    const without = <M extends { type: string }>(queue: M[]): void => {
      const at = lost ? -1 : queue.findIndex(({ type }) => type === lose);
      if (at < 0) return;
      queue.splice(at, 1);
      lost = true;
    };
    for (let i = 0; i < 30; i++) {
      without(line.toAgent);
      without(line.toModule);
      line.moveToModule();
      line.moveToAgent();
      line.answer(true);
    }
    line.settle();
    assert(lost, lose);
    assert.equal(line.opened, 2, `${lose}: ${line.log}`);
    assert.equal(line.stored.size, 20, lose);
    assert.equal(line.module.heldBlocks, 0, lose);
  }
});

test('credit follows what was answered, not what was received', () => {
  const line = new Line(4, 100);
  line.connect();
  for (let number = 0; number < 12; number++) line.make(number);
  for (let round = 0; round < 12; round++) {
    for (let i = 0; i < 12; i++) {
      line.moveToModule();
      line.moveToAgent();
    }
    assert(line.underWay === Math.min(4, 12 - round), `${line.underWay} under way in round ${round}`);
    line.answer(true);
  }
});

test('after the agent restarts, what it had not answered for comes again', () => {
  const line = new Line(4, 100);
  line.connect();
  for (let number = 0; number < 6; number++) line.make(number);
  for (let i = 0; i < 10; i++) {
    line.moveToModule();
    line.moveToAgent();
  }
  assert.equal(line.deliveries.length, 4);
  line.answer(true);
  line.restartAgent();
  line.settle();
  assert.deepEqual([...line.stored].sort(), [0, 1, 2, 3, 4, 5]);
  assert.equal(line.module.heldBlocks, 0);
});

test('after the module restarts, the exchange begins anew on the same port', () => {
  const line = new Line(4, 100);
  line.connect();
  line.make(0);
  line.settle();
  line.restartModule();
  line.make(1);
  line.settle();
  assert.deepEqual([...line.stored], [0, 1]);
  assert(line.log.includes('lost: the module has started anew'));
});

test('zeroize wipes what the module holds, and delivery goes on afterwards', () => {
  const line = new Line(1, 100);
  line.connect();
  for (let number = 0; number < 5; number++) line.make(number);
  for (let i = 0; i < 4; i++) {
    line.moveToModule();
    line.moveToAgent();
  }
  line.runAgent({ type: 'order', order: 'zeroize', nowMs: line.nowMs });
  line.moveToModule();
  assert.equal(line.module.heldBlocks, 0);
  line.make(5);
  line.settle();
  assert(line.stored.has(5));
  assert(line.log.includes('zeroized'));
  assert(line.log.includes('order_result'));
});

test('a full module drops its oldest unsent block and never one that is out', () => {
  const line = new Line(2, 4);
  line.connect();
  for (let number = 0; number < 4; number++) line.make(number);
  line.moveToModule();
  line.moveToAgent();
  line.moveToModule();
  for (let number = 4; number < 7; number++) line.make(number);
  assert.deepEqual([...line.dropped], [2, 3, 4]);
  line.settle();
  assert.deepEqual([...line.stored].sort(), [0, 1, 5, 6]);
});

const action = fc.oneof(
  { weight: 6, arbitrary: fc.constant('make' as const) },
  { weight: 9, arbitrary: fc.constant('to agent' as const) },
  { weight: 9, arbitrary: fc.constant('to module' as const) },
  { weight: 5, arbitrary: fc.constant('store' as const) },
  { weight: 1, arbitrary: fc.constant('refuse' as const) },
  { weight: 1, arbitrary: fc.constant('lose to agent' as const) },
  { weight: 1, arbitrary: fc.constant('lose to module' as const) },
  { weight: 3, arbitrary: fc.constant('time' as const) },
  { weight: 1, arbitrary: fc.constant('restart agent' as const) },
);

test('whatever is lost and whoever restarts: no block forgotten unstored, none lost, credit never exceeded', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 150 }), fc.integer({ min: 1, max: 5 }), (actions, window) => {
      const line = new Line(window, 1000);
      let next = 0;
      line.connect();
      for (const step of actions) {
        if (step === 'make') line.make(next++);
        else if (step === 'to agent') line.moveToAgent();
        else if (step === 'to module') line.moveToModule();
        else if (step === 'store') line.answer(true);
        else if (step === 'refuse') line.answer(false);
        else if (step === 'lose to agent') line.toAgent.shift();
        else if (step === 'lose to module') line.toModule.shift();
        else if (step === 'time') line.pass(400);
        else line.restartAgent();
        assert(!line.log.some((entry) => entry.includes('broke the exchange')), line.log.join('\n'));
      }
      line.settle();
      for (let number = 0; number < next; number++)
        assert(line.stored.has(number) || line.refused.has(number));
      assert.equal(line.module.heldBlocks, 0);
    }),
    { numRuns: 300 },
  );
});
