import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recording } from '../../drivers/contract/recording.ts';
import { parseTranscript, TranscriptPlayer } from '../../drivers/contract/transcript.ts';
import { limits } from '../../src/limits.ts';

/** What the device says, all of it, to pieces of what the agent says. */
function play(text: string, ...heard: string[]): { said: string; player: TranscriptPlayer } {
  let said = '';
  const player = new TranscriptPlayer(parseTranscript(text), (bytes) => {
    said += bytes.toString('latin1');
  });
  player.start();
  for (const piece of heard) player.receive(Buffer.from(piece));
  return { said, player };
}

const hex = (text: string): string => Buffer.from(text).toString('hex');
const session = `blocks 1
<= ${hex('boot ')} # the device speaks first
=> ${hex('WHO')}
<= ${hex('me ')}
=> ${hex('NEXT')}
<= ${hex('key')}
<= ${hex('17 ')}
any => ${hex('PING')}
<= ${hex('pong ')}
any => ${hex('DONE')}
forgets`;

test('a transcript is played in order, what may come at any time in between, however the bytes are cut', () => {
  assert.equal(play(session).said, 'boot ');
  assert.equal(play(session, 'WHOPINGNEXTPINGPING').said, 'boot me pong key17 pong pong ');
  assert.equal(play(session, ...'WHOPINGNEXTPING').said, 'boot me pong key17 pong ');
});

test('what has no place in it is a complaint that shows both', () => {
  const { player } = play(session, 'WHO', 'DONENIXT');
  assert.equal(player.complaint, `the agent sent ${hex('NIXT')}, where the transcript has ${hex('NEXT')}`);
  assert.match(play(session, 'WHONEXTWHO').player.complaint ?? '', /where the transcript has nothing more/);
  assert.equal(play(session, 'WH').player.complaint, undefined);
});

test('a block is forgotten once, also when the device is plugged in anew', () => {
  const { player } = play(session, 'WHO', 'DONE', 'DONE');
  player.start();
  player.receive(Buffer.from('WHODONE'));
  assert.equal(player.forgotten, 1);
});

test('a line that is not of the form is told with its number', () => {
  for (const [text, says] of [
    ['blocks 1\n=> 0', /line 2 .* half a byte/],
    ['blocks 1\n=> 0g', /line 2 /],
    ['blocks 1\n\n<- 00', /line 3 /],
    ['blocks 1\nforgets', /line 2 .* before anything/],
    ['=> 00', /how many blocks/],
    ['blocks 0', /line 1 /],
  ] as const)
    assert.throws(() => parseTranscript(text), says);
});

test('what was recorded is played, repeated exchanges at any time', () => {
  const recording = new Recording();
  recording.received(Buffer.from('boot '));
  for (const [asked, answer] of [
    ['WHO', 'me '],
    ['PING', 'pong '],
    ['NEXT', 'key17 '],
    ['PING', 'pong '],
  ] as const) {
    recording.sent(Buffer.from(asked.slice(0, 2)));
    recording.sent(Buffer.from(asked.slice(2)));
    recording.received(Buffer.from(answer));
  }
  const text = recording.write().toString();
  assert.match(text, /holds the key/);
  assert.equal(play(text, 'PINGWHOPINGPINGNEXTPING').said, 'boot pong me pong pong key17 pong ');
});

test('a recording is bounded, and holds nothing once it is disposed of', () => {
  const recording = new Recording();
  recording.sent(Buffer.from('GO'));
  for (let i = 0; i < 3; i++) recording.received(Buffer.alloc(limits.recordedBytesMax / 2 - 1, 0x4b));
  const digits = recording.write().length;
  // The third did not go in.
  assert.ok(Math.abs(digits - 2 * limits.recordedBytesMax) < 1_000, `${digits} bytes of transcript`);
  recording[Symbol.dispose]();
  assert.equal(recording.write().toString('latin1').match(/=>/g)?.length, 1, 'but for the heading');
});
