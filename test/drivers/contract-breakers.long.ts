import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { driver } from '../../drivers/ascii-lines/driver.ts';
import { claims } from '../../drivers/contract/claims.ts';
import { tryClaim } from '../../drivers/contract/run.ts';
import { ContractSink } from '../../drivers/contract/sink.ts';
import { parseTranscript } from '../../drivers/contract/transcript.ts';
import type { Driver, ModuleSink } from '../../drivers/driver.ts';
import { transcriptDevice } from '../../src/cli/driver/transcript-device.ts';
import type { Clock } from '../../src/env/clock.ts';
import { systemClock } from '../../src/node/clock.ts';
import { systemEntropy as entropy } from '../../src/node/entropy.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { RecordingLog } from './recording-sink.ts';

const session = join(import.meta.dirname, '../../drivers/ascii-lines/session.transcript');
const transcript = parseTranscript(readFileSync(session, 'utf8'));

/** A driver that keeps the contract, but for what `breaks` does to its calls. */
function broken(
  breaks: (sink: ModuleSink) => Partial<ModuleSink>,
  onClose = (_: ModuleSink): void => {},
): Driver {
  return {
    ...driver,
    open(context, sink) {
      const changed: ModuleSink = {
        onOpen: (info) => sink.onOpen(info),
        onBlock: (block, answer) => sink.onBlock(block, answer),
        onTelemetry: (telemetry) => sink.onTelemetry(telemetry),
        onAlarm: (alarm) => sink.onAlarm(alarm),
        onLost: (reason) => sink.onLost(reason),
        ...breaks(sink),
      };
      const module = driver.open(context, changed);
      return {
        async close() {
          await module.close();
          systemClock.after(100, () => onClose(sink));
        },
      };
    },
  };
}

/** A driver that keeps the contract until it is closed: then it does what `end` does. */
function endless(end: () => Promise<void>): Driver {
  return {
    ...driver,
    open(context, sink) {
      const module = driver.open(context, sink);
      return {
        async close() {
          await module.close();
          await end();
        },
      };
    },
  };
}

/** Each breaks one guarantee; the claim that has to find it, and what it says. */
const breakers: readonly { what: string; claim: RegExp; says: RegExp; driver: Driver }[] = [
  {
    what: 'tells the module before a block is stored',
    claim: /told of a block when it is stored/,
    says: /before the block was stored/,
    driver: broken((sink) => ({
      onBlock(block, answer) {
        sink.onBlock(block, answer);
        answer.stored();
      },
    })),
  },
  {
    what: 'never tells the module',
    claim: /told of a block when it is stored/,
    says: /did not come about: the module to be told/,
    driver: broken((sink) => ({
      onBlock: (block) => sink.onBlock(block, { stored: () => {}, refused: () => {} }),
    })),
  },
  {
    what: 'delivers a block twice',
    claim: /blocks come after onOpen/,
    says: /came twice within one opening/,
    driver: broken((sink) => ({
      onBlock(block, answer) {
        const again = SecretBytes.copyOf(block.bytes.view());
        sink.onBlock(block, answer);
        sink.onBlock({ number: block.number, bytes: again }, answer);
      },
    })),
  },
  {
    what: 'delivers other bits the second time',
    claim: /delivered again/,
    says: /came again with other bits/,
    driver: (() => {
      let times = 0;
      return broken((sink) => ({
        onBlock(block, answer) {
          block.bytes.view()[0] = times++;
          sink.onBlock(block, answer);
        },
      }));
    })(),
  },
  {
    what: 'keeps quiet about a loss',
    claim: /go away and come back/,
    says: /did not come about: the loss/,
    driver: broken(() => ({ onLost: () => {} })),
  },
  {
    what: 'delivers a number that is none',
    claim: /blocks come after onOpen/,
    says: /is no block number/,
    driver: broken((sink) => ({
      onBlock: ({ bytes }, answer) => sink.onBlock({ number: -1, bytes }, answer),
    })),
  },
  {
    what: 'calls back after it was closed',
    claim: /once it is closed/,
    says: /onTelemetry came after close/,
    driver: broken(
      () => ({}),
      (sink) => sink.onTelemetry({}),
    ),
  },
  {
    what: 'never ends closing',
    claim: /once it is closed/,
    says: /close did not resolve within 10 seconds/,
    driver: endless(() => new Promise(() => {})),
  },
  {
    what: 'fails to close',
    claim: /blocks come after onOpen/,
    says: /close rejected: the port is stuck/,
    driver: endless(() => Promise.reject(new Error('the port is stuck'))),
  },
];

/** Time passes four times as fast: what never comes about is waited for, each time. */
const quickClock: Clock = {
  ...systemClock,
  monotonicMs: () => systemClock.monotonicMs() * 4,
  after: (ms, run) => systemClock.after(ms / 4, run),
};

describe('the contract suite finds a driver that', { concurrency: 4 }, () => {
  for (const { what, claim, says, driver: breaker } of breakers) {
    test(what, { timeout: 60_000 }, async () => {
      const found = claims.find(({ name }) => claim.test(name))!;
      const world = { clock: quickClock, log: new RecordingLog(), entropy };
      const device = await transcriptDevice(transcript);
      await assert.rejects(
        tryClaim(found, breaker, () => Promise.resolve(device), world),
        says,
      );
      const { path } = device.port as { path: string };
      assert(!existsSync(dirname(path)), 'its device was left behind');
    });
  }
});

test('as many blocks may wait for their answers as the manifest says, in each opening, and no more', () => {
  const sink = new ContractSink(driver);
  sink.verdict = () => 'hold';
  const deliver = (number: number) =>
    sink.onBlock({ number, bytes: SecretBytes.alloc(1) }, { stored: () => {}, refused: () => {} });
  const open = () => sink.onOpen({ moduleId: 'm', linkId: 'l', role: 'tx', firmwareVersion: '1' });
  const most = driver.limits.blocksUnderWayMax;
  for (let opening = 0; opening < 2; opening++) {
    open();
    for (let number = 0; number < most; number++) deliver(number);
    sink.deliveries.at(-1)!.answer.stored();
    deliver(most);
    sink.onLost();
  }
  assert.deepEqual(sink.breaches, []);
  open();
  for (let number = 0; number <= most; number++) deliver(number);
  assert.deepEqual(sink.breaches, [`${most + 1} blocks wait for their answers`]);
  sink.wipe();
});
