import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BlockParts } from '../../firmware-bridge/block-parts.ts';
import { AgentBooks } from '../../firmware-bridge/books.ts';
import { AgentExchange } from '../../firmware-bridge/exchange.ts';
import type { ExchangeEffect } from '../../firmware-bridge/exchange-events.ts';
import type { Hello, KeyBlock } from '../../firmware-bridge/message.ts';
import { ModuleExchange } from '../../firmware-bridge/module-exchange.ts';
import { limits } from '../../src/limits.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { Line, longIdentity, roomFor } from './line.ts';

const options = { firstOpening: 5, expectedLinkId: 'L1' };

function openAgent(identity: Omit<Hello, 'type' | 'opening' | 'protocolMin' | 'protocolMax'>): AgentExchange {
  const agent = new AgentExchange(options);
  agent.handle({ type: 'connected', room: roomFor(4), nowMs: 0 });
  const hello: Hello = { type: 'hello', opening: 5, protocolMin: 1, protocolMax: 1, ...identity };
  agent.handle({ type: 'message', message: hello, nowMs: 1 });
  return agent;
}

function part(number: number, offset: number, length: number, total: number): KeyBlock {
  return { type: 'key_block', number, bytes: SecretBytes.alloc(length), part: { offset, total } };
}

const take = (agent: AgentExchange, message: KeyBlock): readonly ExchangeEffect[] =>
  agent.handle({ type: 'message', message, nowMs: 2 });
const types = (effects: readonly { type: string }[]): string[] => effects.map(({ type }) => type);

test('a block is delivered when its last part has come, as one piece, and the parts are wiped', () => {
  const agent = openAgent(longIdentity);
  const parts = [part(3, 0, 64, 130), part(3, 64, 64, 130), part(3, 128, 2, 130)];
  const seen = parts.map((one) => take(agent, one).find(({ type }) => type === 'deliver'));
  assert.deepEqual(
    seen.map((one) => one !== undefined),
    [false, false, true],
  );
  const [, , whole] = seen;
  assert(whole?.type === 'deliver' && whole.bytes.length === 130);
  assert(parts.every(({ bytes }) => bytes.wiped));
});

test('a part that is not the next one begins another opening, and what was gathered is wiped', () => {
  for (const wrong of [
    part(3, 128, 2, 130),
    part(4, 64, 64, 130),
    part(3, 64, 64, 131),
    part(3, 0, 64, 130),
    { type: 'key_block', number: 4, bytes: SecretBytes.alloc(8) } as KeyBlock,
  ]) {
    const agent = openAgent(longIdentity);
    take(agent, part(3, 0, 64, 130));
    const effects = take(agent, wrong);
    assert.deepEqual(types(effects), ['lost', 'send']);
    assert.match((effects[0] as { reason: string }).reason, /a part of block 3 was lost/);
    assert(wrong.bytes.wiped);
  }
});

test('parts of another length than agreed, and blocks longer than said, end the opening', () => {
  for (const wrong of [part(3, 0, 63, 130), part(3, 0, 65, 130), part(3, 0, 64, 301)]) {
    const effects = take(openAgent(longIdentity), wrong);
    assert.deepEqual(types(effects), ['lost', 'hang_up']);
    assert(wrong.bytes.wiped);
  }
});

test('memory is one longest block while parts come, and it is wiped at once when the gathering ends', () => {
  const parts = new BlockParts(64, 300);
  const first = part(1, 0, 64, 300);
  first.bytes.view().fill(0xaa);
  assert.equal(parts.take(first).kind, 'more');
  parts.wipe();
  assert.equal(parts.take(part(1, 64, 64, 300)).kind, 'lost', 'nothing is left of what was gathered');
});

test('a 16 MiB block passes in 256 parts with at most 64 of them under way, and is answered once', () => {
  const identity = { ...longIdentity, maxBlockBytes: limits.bridgeBlockBytesMax, maxPartBytes: 65_536 };
  const module = new ModuleExchange(identity, 2);
  const agent = new AgentExchange(options);
  const bytes = SecretBytes.alloc(limits.bridgeBlockBytesMax);
  for (let i = 0; i < bytes.length; i += 4096) bytes.view().writeUInt32LE(i, i);
  const expected = Buffer.from(bytes.view());
  module.handle({ type: 'block', number: 32, bytes });
  let delivered: SecretBytes | undefined;
  let [parts, underWay, most] = [0, 0, 0];
  const toAgent: KeyBlock[] = [];
  const runAgent = (effects: readonly ExchangeEffect[]): void => {
    for (const effect of effects) {
      if (effect.type === 'deliver') delivered = effect.bytes;
      if (effect.type !== 'send') continue;
      for (const said of module.handle({ type: 'message', message: effect.message, nowMs: 1 })) {
        if (said.type !== 'send') continue;
        if (said.message.type === 'key_block') {
          toAgent.push({ ...said.message, bytes: SecretBytes.copyOf(said.message.bytes.view()) });
          most = Math.max(most, ++underWay);
        } else runAgent(agent.handle({ type: 'message', message: said.message, nowMs: 1 }));
      }
    }
  };
  runAgent(agent.handle({ type: 'connected', room: roomFor(64), nowMs: 0 }));
  for (let next = toAgent.shift(); next !== undefined; next = toAgent.shift()) {
    parts += 1;
    underWay -= 1;
    runAgent(agent.handle({ type: 'message', message: next, nowMs: 2 }));
  }
  assert.equal(parts, 256);
  assert(most <= 64, `${most} under way`);
  assert(delivered?.view().equals(expected));
  assert.equal(module.heldBlocks, 1);
  agent.handle({ type: 'answered', opening: 5, number: 32, verdict: { stored: true } });
  runAgent(agent.handle({ type: 'flush' }));
  assert.equal(module.heldBlocks, 0);
});

test('many small blocks of a module with long ones: no more than 64 are without an answer', () => {
  const identity = { ...longIdentity, maxBlockBytes: limits.bridgeBlockBytesMax };
  const agent = openAgent(identity);
  let credit = 4;
  let delivered = 0;
  for (let number = 0; number < 64; number++) {
    assert(number < credit, 'credit follows what came');
    for (const effect of take(agent, part(number, 0, 64, 64))) {
      if (effect.type === 'deliver') delivered += 1;
      if (effect.type === 'send' && effect.message.type === 'credit') credit = effect.message.parts;
    }
  }
  assert.equal(delivered, 64);
  assert.deepEqual(types(take(agent, part(64, 0, 64, 64))), ['lost', 'hang_up']);
});

test('a module that never gets a block across is hung up on after a while', () => {
  const agent = openAgent(longIdentity);
  let opening = 5;
  let seen: string[] = [];
  for (let i = 0; i <= limits.bridgeRenewalsMax && !seen.includes('hang_up'); i++) {
    take(agent, part(3, 0, 64, 130));
    seen = types(take(agent, part(3, 0, 64, 130)));
    opening += 1;
    const hello: Hello = { type: 'hello', opening, protocolMin: 1, protocolMax: 1, ...longIdentity };
    agent.handle({ type: 'message', message: hello, nowMs: 3 });
  }
  assert.deepEqual(seen, ['lost', 'hang_up']);
});

test('an order is answered once: by its result, by the end of the opening, or when its time is up', () => {
  const order = (agent: AgentExchange) => agent.handle({ type: 'order', order: 'self_test', nowMs: 10 });
  const results = (effects: readonly ExchangeEffect[]) =>
    effects.flatMap((effect) => (effect.type === 'order_result' ? [effect.result] : []));
  const result = (agent: AgentExchange, token: number) =>
    results(
      agent.handle({
        type: 'message',
        message: { type: 'command_result', token, outcome: 'done', text: 'ok' },
        nowMs: 11,
      }),
    );

  const answered = openAgent(longIdentity);
  assert.deepEqual(order(answered), [
    { type: 'send', message: { type: 'command', token: 1, action: 'self_test' } },
  ]);
  assert.deepEqual(result(answered, 2), []);
  assert.deepEqual(result(answered, 1), [{ outcome: 'done', text: 'ok' }]);
  assert.deepEqual(result(answered, 1), []);

  const cut = openAgent(longIdentity);
  order(cut);
  const effects = cut.handle({ type: 'order', order: 'zeroize', nowMs: 11 });
  assert.match(results(effects)[0]?.text ?? '', /cut it short/);
  assert.deepEqual(effects.at(-1), { type: 'send', message: { type: 'zeroize', token: 2 } });
  assert.deepEqual(result(cut, 1), [], 'the answer to what was cut short says nothing');
  const wiped = cut.handle({
    type: 'message',
    message: { type: 'zeroized', token: 2, blocks: 3 },
    nowMs: 12,
  });
  assert.deepEqual(results(wiped), [{ outcome: 'done', text: '3 blocks were wiped' }]);

  const ended = openAgent(longIdentity);
  order(ended);
  const end = results(ended.handle({ type: 'disconnected', reason: 'unplugged' }));
  assert.deepEqual(end, [{ outcome: 'failed', text: 'unplugged' }]);
  assert.equal(results(order(ended))[0]?.outcome, 'failed');

  const late = openAgent(longIdentity);
  order(late);
  let [nowMs, seen] = [10, [] as unknown[]];
  for (; nowMs < 10 + limits.bridgeCommandMs; nowMs += 1000) {
    late.handle({ type: 'heard', nowMs });
    seen = results(late.handle({ type: 'tick', nowMs }));
    assert.deepEqual(seen, []);
  }
  late.handle({ type: 'heard', nowMs });
  assert.match(results(late.handle({ type: 'tick', nowMs }))[0]?.text ?? '', /in time/);
});

const action = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 8, max: 300 }) },
  { weight: 14, arbitrary: fc.constant('to agent' as const) },
  { weight: 9, arbitrary: fc.constant('to module' as const) },
  { weight: 5, arbitrary: fc.constant('store' as const) },
  { weight: 1, arbitrary: fc.constant('refuse' as const) },
  { weight: 1, arbitrary: fc.constant('lose to agent' as const) },
  { weight: 1, arbitrary: fc.constant('lose to module' as const) },
  { weight: 1, arbitrary: fc.constant('repeat to agent' as const) },
  { weight: 3, arbitrary: fc.constant('time' as const) },
  { weight: 1, arbitrary: fc.constant('restart agent' as const) },
);

test('blocks in parts, whatever is lost or repeated and whoever restarts: none lost, none changed, none forgotten unstored', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 150 }), fc.integer({ min: 1, max: 5 }), (actions, window) => {
      const line = new Line(window, 1000, longIdentity);
      let next = 0;
      line.connect();
      for (const step of actions) {
        if (typeof step === 'number') line.make(next++, step);
        else if (step === 'to agent') line.moveToAgent();
        else if (step === 'to module') line.moveToModule();
        else if (step === 'store') line.answer(true);
        else if (step === 'refuse') line.answer(false);
        else if (step === 'lose to agent') line.toAgent.shift();
        else if (step === 'lose to module') line.toModule.shift();
        else if (step === 'repeat to agent') line.repeatToAgent();
        else if (step === 'time') line.pass(400);
        else line.restartAgent();
      }
      line.settle();
      for (let number = 0; number < next; number++)
        assert(
          line.stored.has(number) || line.refused.has(number),
          `block ${number}\n${line.log.join('\n')}`,
        );
      assert.equal(line.module.heldBlocks, 0);
    }),
    { numRuns: Number(process.env['KEYFERRY_BRIDGE_RUNS'] ?? 300) },
  );
});

test('credit is given until every block is there, whatever its parts and the window', () => {
  const windows = fc.record({
    underWay: fc.integer({ min: 1, max: 64 }),
    longest: fc.integer({ min: 1, max: 256 }),
  });
  const cases = windows.chain(({ underWay, longest }) =>
    fc.record({
      window: fc.constant({ underWay, unanswered: Math.max(underWay, longest) }),
      blocks: fc.array(fc.integer({ min: 1, max: longest }), { minLength: 1, maxLength: 12 }),
      lag: fc.integer({ min: 0, max: 3 }),
    }),
  );
  fc.assert(
    fc.property(cases, ({ window, blocks, lag }) => {
      const books = new AgentBooks(window);
      let credit = books.grant();
      let sent = 0;
      const waiting: number[] = [];
      const granted = () => {
        if (books.grantDue()) credit = books.grant();
      };
      const answer = () => {
        books.answer(waiting.shift()!, { stored: true });
        books.takeAnswers();
        granted();
      };
      for (const [number, parts] of blocks.entries()) {
        for (let part = 0; part < parts; part++) {
          // Nothing of this block is answered before all of it is here.
          while (sent >= credit && waiting.length > 0) answer();
          assert.ok(sent < credit, `part ${part} of ${parts} of block ${number} has no credit`);
          sent += 1;
          assert.equal(books.receive(number), undefined);
          granted();
        }
        assert.equal(books.deliver(number, parts), undefined);
        waiting.push(number);
        while (waiting.length > lag) answer();
      }
    }),
  );
});
