import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import { Initiator, respond } from '../../firmware-bridge/noise.ts';
import { RecordReader, RecordWriter } from '../../firmware-bridge/records.ts';
import { limits } from '../../src/limits.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { ChannelLine, KEY } from './channel-line.ts';
import { type ChannelVector, naiveChannelVectors } from './naive-channel.ts';

const file = new URL('../../firmware-bridge/channel-vectors.json', import.meta.url);
const vectors = JSON.parse(await readFile(file, 'utf8')) as ChannelVector[];
const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
const secret = (hex: string): SecretBytes => SecretBytes.adopt(bytes(hex));

function opened(key: Buffer | undefined = KEY): ChannelLine {
  const line = new ChannelLine(key, key);
  line.agent.connected(line.nowMs);
  line.module.started();
  line.run();
  assert.deepEqual(line.agentSaw, ['opened']);
  return line;
}

test('the channel vectors are those that the independent implementation makes', () => {
  assert.deepEqual(vectors, naiveChannelVectors());
  assert.equal(vectors.length, 2);
});

test('both sides of the handshake give the bytes and the keys of the vectors', () => {
  for (const vector of vectors) {
    const initiator = new Initiator(secret(vector.module_key), secret(vector.e_a));
    assert.equal(`01${initiator.open.toString('hex')}`, vector.channel_open);
    const made = respond(secret(vector.module_key), secret(vector.e_m), initiator.open);
    assert(made);
    assert.equal(`02${made.answer.toString('hex')}`, vector.channel_answer);
    const finished = initiator.finish(made.answer);
    assert(finished);
    for (const { agentToModule, moduleToAgent } of [made.keys, finished]) {
      assert.equal(agentToModule.view().toString('hex'), vector.k_a);
      assert.equal(moduleToAgent.view().toString('hex'), vector.k_m);
    }
  }
});

test('records of the vectors open to their envelopes, and the first ones are what is sealed', () => {
  for (const { k_a, k_m, records } of vectors) {
    const readers = { agent: new RecordReader(secret(k_a)), module: new RecordReader(secret(k_m)) };
    for (const { from, envelope, record } of records) {
      assert.equal(readers[from].open(bytes(record))?.toString('hex'), envelope);
      assert.equal(readers[from].open(bytes(record)), undefined, 'a record twice');
    }
    const first = records.filter(({ counter }) => counter === 0);
    assert.equal(first.length, 2);
    for (const { from, envelope, record } of first) {
      const writer = new RecordWriter(secret(from === 'agent' ? k_a : k_m));
      assert.equal(writer.seal(bytes(envelope)).toString('hex'), record);
    }
  }
});

test('envelopes pass both ways through a channel, and none of their bytes are on the wire', () => {
  const line = opened();
  const envelope = '22031201aabbccddeeff0011223344556677';
  assert(line.fromAgent(envelope));
  assert(line.fromModule(envelope));
  for (const message of [...line.toAgent, ...line.toModule]) {
    assert(!message.toString('hex').includes(envelope.slice(0, 12)));
  }
  line.run();
  assert.deepEqual(line.moduleSaw, ['opened', envelope]);
  assert.deepEqual(line.agentSaw, ['opened', envelope]);
});

test('two handshakes with one module key give other keys: what was recorded stays sealed', () => {
  const line = opened();
  line.fromModule('22031201aa');
  const [first] = line.toAgent;
  line.toAgent.length = 0;
  line.restartModule(KEY);
  line.pass(500);
  line.run();
  line.fromModule('22031201aa');
  assert.notDeepEqual(line.toAgent[0], first);
  const seen = line.agentSaw.length;
  line.toAgent.unshift(first!);
  line.moveToAgent();
  assert.equal(line.agentSaw.length, seen, 'a record of the earlier channel was taken');
  line.run();
  assert.equal(line.agentSaw.at(-1), '22031201aa');
});

test('a module with another key, or with none, is never believed', () => {
  for (const [moduleKey, reason] of [
    [Buffer.alloc(32, 0x43), /another module key/],
    [undefined, /without a channel/],
  ] as const) {
    const line = new ChannelLine(KEY, moduleKey);
    line.agent.connected(line.nowMs);
    for (let i = 0; i < 12; i++) {
      line.toAgent.push(bytes('22031201aa'));
      line.toAgent.push(bytes(`02${'55'.repeat(48)}`));
      if (moduleKey === undefined) line.fromModule('0a020801');
      line.run();
      line.pass(500);
    }
    assert.equal(line.agentSaw.length, 1, line.agentSaw.join());
    assert.match(line.agentSaw[0]!, /^hang_up: /);
    if (moduleKey === undefined) assert.match(line.agentSaw[0]!, reason);
    assert(!line.fromAgent('1a020840'), 'the agent sealed something');
  }
});

test('a module with a key says nothing plain and takes nothing plain: there is nothing to negotiate down', () => {
  const line = new ChannelLine(undefined, KEY);
  line.agent.connected(line.nowMs);
  line.module.started();
  line.fromAgent('120a08071001180120808004');
  assert(!line.fromModule('22031201aa'), 'the module sent key without a channel');
  line.moveToModule();
  assert.deepEqual(line.moduleSaw, []);
  assert.deepEqual([...line.toAgent], [Buffer.of(3), Buffer.of(3)]);
  line.run();
  assert(line.agentSaw.some((entry) => /^hang_up: the module demands a module key/.test(entry)));
});

test('an agent with a key takes nothing plain while the channel is open either', () => {
  const line = opened();
  line.toAgent.push(bytes('22031201aa'));
  line.run();
  assert.deepEqual(line.agentSaw, ['opened']);
});

test('a replayed handshake opens nothing, and neither do the records that belonged to it', () => {
  const line = opened();
  const first = new ChannelLine(KEY, KEY);
  first.agent.connected(first.nowMs);
  const open = first.toModule[0]!;
  first.run();
  first.fromAgent('1a020840');
  const record = first.toModule[0]!;

  line.toModule.push(open, record);
  line.moveToModule();
  line.moveToModule();
  // The module can't know that the open is old: it answers, but nobody has the keys.
  assert.deepEqual(line.moduleSaw, ['opened', 'opened']);
  assert.equal(line.module.dropped, 1);

  // The answer of an earlier handshake is none to this one.
  const replayed = new ChannelLine(KEY, KEY);
  replayed.agent.connected(replayed.nowMs);
  for (const message of line.toAgent) replayed.agent.message(message, replayed.nowMs);
  assert.deepEqual(replayed.agentSaw, []);
});

test('a repeated open of the present channel gets the same answer and changes nothing', () => {
  const line = new ChannelLine(KEY, KEY);
  line.agent.connected(line.nowMs);
  line.pass(1000);
  assert.equal(line.toModule.length, 2);
  assert.deepEqual(line.toModule[0], line.toModule[1]);
  line.run();
  line.fromAgent('1a020840');
  line.run();
  assert.deepEqual(line.moduleSaw, ['opened', '1a020840']);
  assert.deepEqual(line.agentSaw, ['opened']);
});

test('one changed bit anywhere in a handshake or a record is noticed', () => {
  for (let bit = 8; bit < 49 * 8; bit++) {
    const line = new ChannelLine(KEY, KEY);
    line.agent.connected(line.nowMs);
    const open = line.toModule.shift()!;
    const bad = Buffer.from(open);
    bad[bit >> 3]! ^= 1 << (bit & 7);
    line.module.message(bad);
    // X25519 takes no notice of the highest bit of a public key, but the hash does.
    assert.deepEqual(line.moduleSaw, [], `bit ${bit} of the open`);
    line.module.message(open);
    const answer = line.toAgent.shift()!;
    answer[bit >> 3]! ^= 1 << (bit & 7);
    line.agent.message(answer, line.nowMs);
    assert.deepEqual(line.agentSaw, [], `bit ${bit} of the answer`);
  }
  for (let bit = 8; bit < 30 * 8; bit++) {
    const copy = opened();
    copy.fromModule('22031201aa');
    const bad = copy.toAgent.shift()!;
    bad[bit >> 3]! ^= 1 << (bit & 7);
    copy.agent.message(bad, copy.nowMs);
    assert.deepEqual(copy.agentSaw, ['opened'], `bit ${bit} of the record`);
  }
});

test('what cannot be opened is counted, and after many the port is closed', () => {
  const line = opened();
  for (let i = 0; i < limits.bridgeRecordsDroppedMax; i++) {
    assert.deepEqual(line.agentSaw, ['opened']);
    line.agent.message(Buffer.alloc(40), line.nowMs);
  }
  assert.match(line.agentSaw[1]!, /^hang_up: what comes is not sealed/);
});

test('a module that restarts, and an hour that passed, bring fresh keys', () => {
  const line = opened();
  line.restartModule(KEY);
  line.pass(250);
  line.run();
  assert.deepEqual(line.agentSaw, ['opened', 'ended: the module has started anew', 'opened']);
  line.pass(limits.bridgeChannelMs);
  line.run();
  assert.deepEqual(line.agentSaw.slice(3), ['ended: its channel takes fresh keys', 'opened']);
  line.fromModule('22031201aa');
  line.run();
  assert.equal(line.agentSaw.at(-1), '22031201aa');
});

test('so many records bring fresh keys, too', (t) => {
  const line = opened();
  const count = t.mock.getter(RecordWriter.prototype, 'count', () => limits.bridgeChannelRecordsMax - 1);
  line.pass(250);
  line.run();
  assert.deepEqual(line.agentSaw, ['opened']);
  count.mock.mockImplementation(() => limits.bridgeChannelRecordsMax);
  line.pass(250);
  count.mock.restore();
  line.run();
  assert.deepEqual(line.agentSaw, ['opened', 'ended: its channel takes fresh keys', 'opened']);
});

test('who shouts "no channel" costs the agent one handshake in a tenth of a second at most', () => {
  const line = opened();
  for (let i = 0; i < 1000; i++) {
    line.nowMs += 1;
    line.agent.message(Buffer.of(3), line.nowMs);
  }
  assert(line.toModule.length <= 10, `${line.toModule.length} handshakes`);
});

const step = fc.oneof(
  { weight: 4, arbitrary: fc.constant('from module' as const) },
  { weight: 4, arbitrary: fc.constant('from agent' as const) },
  { weight: 6, arbitrary: fc.constant('to agent' as const) },
  { weight: 6, arbitrary: fc.constant('to module' as const) },
  { weight: 2, arbitrary: fc.constant('lose' as const) },
  { weight: 2, arbitrary: fc.constant('repeat' as const) },
  { weight: 1, arbitrary: fc.constant('restart' as const) },
  { weight: 2, arbitrary: fc.constant('time' as const) },
);

test('whatever is lost or repeated and whoever restarts: no envelope is taken twice or changed, and it heals', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const line = new ChannelLine(KEY, KEY);
      line.agent.connected(line.nowMs);
      let next = 0;
      const sent = new Set<string>();
      const send = (from: (hex: string) => boolean): void => {
        const envelope = (0x08000000 + next++).toString(16).padStart(8, '0');
        if (from(envelope)) sent.add(envelope);
      };
      for (const what of steps) {
        if (what === 'from module') send((hex) => line.fromModule(hex));
        else if (what === 'from agent') send((hex) => line.fromAgent(hex));
        else if (what === 'to agent') line.moveToAgent();
        else if (what === 'to module') line.moveToModule();
        else if (what === 'lose') (next % 2 === 0 ? line.toAgent : line.toModule).shift();
        else if (what === 'repeat') {
          for (const queue of [line.toAgent, line.toModule])
            if (queue[0]) queue.unshift(Buffer.from(queue[0]));
        } else if (what === 'restart') line.restartModule(KEY);
        else line.pass(300);
      }
      for (const saw of [line.agentSaw, line.moduleSaw]) {
        const envelopes = saw.filter((entry) => /^[0-9a-f]{8}$/.test(entry));
        assert.equal(new Set(envelopes).size, envelopes.length);
        for (const envelope of envelopes) assert(sent.has(envelope));
      }
      line.agent.connected(line.nowMs);
      line.run();
      assert(line.fromModule('22031201aa'));
      line.run();
      assert.equal(line.agentSaw.at(-1), '22031201aa');
    }),
    { numRuns: 200 },
  );
});
