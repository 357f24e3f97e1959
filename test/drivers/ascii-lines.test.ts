import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { driver } from '../../drivers/ascii-lines/driver.ts';
import { LINE_BYTES_MAX } from '../../drivers/ascii-lines/lines.ts';
import type { OpenModule } from '../../drivers/driver.ts';
import { limits } from '../../src/limits.ts';
import { ManualClock, until } from '../manual-clock.ts';
import { type BareTerminal, bareTerminal } from './bare-terminal.ts';
import { contextFor, RecordingLog, RecordingSink } from './recording-sink.ts';
import { Watch } from './simulator-process.ts';

const BAUD_RATE = 115_200;
const LINE_MS = (LINE_BYTES_MAX / (BAUD_RATE / 10)) * 1_000;
const GREETING = Buffer.from('MODULE m ab TX 1\n');

let terminal: BareTerminal;
let clock: ManualClock;
let log: RecordingLog;
let sink: RecordingSink;
let module: OpenModule;

beforeEach(async () => {
  terminal = await bareTerminal();
  clock = new ManualClock();
  log = new RecordingLog();
  sink = new RecordingSink(new Watch());
  module = driver.open(contextFor(terminal.path, log, { clock, baudRate: BAUD_RATE }), sink);
  await until('WHO', () => asked('WHO') === 1);
});

afterEach(async () => {
  await module.close();
  terminal.hangUp();
});

/** How often the module was asked this. */
function asked(question: string): number {
  return terminal.heard().toString('latin1').split(`${question}\n`).length - 1;
}

/** What the driver has hung up for. */
const hungUp = (): string[] => log.lines.filter((line) => line.includes('module.hung-up'));

/** Lets `ms` pass, while the module says something every second that has reached the driver before the clock goes on. */
async function babble(ms: number, text: string): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1_000) {
    terminal.write(Buffer.from(text));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await clock.leap(1_000);
  }
}

test('a module that was starting up when it was asked is asked again, and greeted once it answers', async () => {
  await babble(3_000, 'starting\n');
  await until('WHO again', () => asked('WHO') >= 3);
  // It has heard them all after all: no more than one answer is for the opening.
  for (let i = asked('WHO'); i > 0; i--) terminal.write(GREETING);
  await until('the opening', () => sink.opens.length === 1);
  await until('the next question', () => asked('STAT') === 1);
  terminal.write(Buffer.from('STAT qber=0.01\n'));
  await until('the one after that', () => sink.telemetry.length === 1 && asked('NEXT') === 1);
  assert.deepEqual([sink.losses, hungUp()], [[], []]);
});

test('a module that says this and that, but not who it is, is hung up on', async () => {
  await babble(limits.linesAnswerMsMax + LINE_MS, 'status: idle\n');
  assert.match(hungUp().join(), /does not answer WHO/);
});

test('a module that goes on sending without the end of a line is hung up on', async () => {
  terminal.write(GREETING);
  await until('the question', () => asked('STAT') === 1);
  await babble(limits.linesAnswerMsMax + LINE_MS + 1_000, 'U');
  assert.match(hungUp().join(), /does not answer STAT/);
  await until('the loss', () => sink.losses.length === 1);
});

test('a line that is too long is not waited for to end', async () => {
  terminal.write(GREETING);
  await until('the question', () => asked('STAT') === 1);
  terminal.write(Buffer.alloc(LINE_BYTES_MAX + 1, 'U'));
  await until('the loss', () => sink.losses.length === 1);
  assert.match(sink.losses[0]!, /longer than a line may be/);
});
