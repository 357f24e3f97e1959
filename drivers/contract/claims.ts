import type { Trial } from './trial.ts';

/** What the contract (`drivers/driver.ts`) claims of every driver, and how it is tried. `prove` rejects when it does not hold. */
export type Claim = { readonly name: string; readonly prove: (trial: Trial) => Promise<void> };

/** Long enough that what must not happen would have happened. */
const QUIET_MS = 700;
const NOISE_BYTES = 20_000;

const delivered = (trial: Trial, count: number): Promise<void> =>
  trial.until(`${count} blocks`, () => trial.sink.deliveries.length >= count);

const reopened = (trial: Trial, times: number): Promise<void> =>
  trial.until(`opening ${times}`, () => trial.sink.opens >= times && trial.sink.isOpen);

async function replug(trial: Trial): Promise<void> {
  await trial.device.unplug();
  await trial.until('the loss', () => !trial.sink.isOpen);
  await trial.device.plug();
}

export const claims: readonly Claim[] = [
  {
    name: 'a port that is not there is no error: it is tried until the driver is closed',
    async prove(trial) {
      trial.open(trial.device.nowhere);
      await trial.pause(QUIET_MS);
      await trial.close();
      trial.assert(trial.sink.calls === 0, 'it called back without a module');
    },
  },
  {
    name: 'a module that is plugged in later is found',
    async prove(trial) {
      await trial.device.plug();
      await trial.device.unplug();
      trial.open(trial.device.port);
      await trial.pause(QUIET_MS);
      trial.assert(trial.sink.opens === 0, 'it was open while nothing was plugged in');
      await trial.device.plug();
      await delivered(trial, 1);
    },
  },
  {
    name: 'blocks come after onOpen, once each, within the limits of the manifest',
    async prove(trial) {
      await trial.start();
      await delivered(trial, trial.device.blocks);
      trial.assert(trial.sink.opens === 1, `it opened ${trial.sink.opens} times`);
    },
  },
  {
    name: 'the module is told of a block when it is stored, and not before',
    async prove(trial) {
      trial.sink.verdict = () => 'hold';
      await trial.start();
      await delivered(trial, 1);
      await trial.pause(QUIET_MS);
      trial.assert(trial.device.forgotten === 0, 'the module was told before the block was stored');
      trial.sink.verdict = () => 'store';
      for (const { answer } of trial.sink.deliveries) answer.stored();
      await trial.until('the module to be told', () => trial.device.forgotten >= 1);
    },
  },
  {
    name: 'a refused block is forgotten by the module too, and others follow',
    async prove(trial) {
      trial.sink.verdict = () => (trial.sink.deliveries.length === 1 ? 'refuse' : 'store');
      await trial.start();
      await trial.until('all to be told', () => trial.device.forgotten >= trial.device.blocks);
    },
  },
  {
    name: 'what was not answered is delivered again when the module comes back, bit for bit the same',
    async prove(trial) {
      trial.sink.verdict = () => 'hold';
      await trial.start();
      await delivered(trial, 1);
      const first = [...trial.sink.deliveries];
      await replug(trial);
      await reopened(trial, 2);
      const again = () => trial.sink.deliveries.filter(({ opening }) => opening === trial.sink.opens);
      await trial.until('the first block again', () =>
        again().some(({ number }) => number === first[0]!.number),
      );
      for (const { answer } of first) answer.stored();
      await trial.pause(QUIET_MS);
      trial.assert(trial.device.forgotten === 0, 'an answer of an earlier opening was passed on');
    },
  },
  {
    name: 'answers that come twice, or after the end, change nothing',
    async prove(trial) {
      await trial.start();
      await trial.until('a block to be told', () => trial.device.forgotten >= 1);
      const { answer } = trial.sink.deliveries[0]!;
      answer.stored();
      answer.refused('a second answer');
      await trial.pause(QUIET_MS);
      trial.assert(trial.sink.isOpen, 'a second answer ended the opening');
      await trial.close();
      for (const late of trial.sink.deliveries) late.answer.stored();
      await trial.pause(QUIET_MS);
    },
  },
  {
    name: 'rubbish on the line does not end the driver: it comes back with the module',
    async prove(trial) {
      trial.sink.verdict = () => 'hold';
      await trial.start();
      await delivered(trial, 1);
      // Every byte value in a stated order, so that a fault shows again.
      trial.device.noise(
        Buffer.from(Array.from({ length: NOISE_BYTES }, (_, i) => (i * 167 + (i >> 8)) & 0xff)),
      );
      await trial.pause(QUIET_MS);
      const { opens } = trial.sink;
      await replug(trial);
      await reopened(trial, opens + 1);
      await trial.until('blocks', () => trial.sink.deliveries.at(-1)!.opening > opens);
    },
  },
  {
    name: 'the module may go away and come back again and again',
    async prove(trial) {
      await trial.start();
      for (let times = 1; times <= 4; times++) {
        await reopened(trial, times);
        await replug(trial);
      }
      await reopened(trial, 5);
      trial.assert(trial.sink.losses === 4, `${trial.sink.losses} losses instead of 4`);
    },
  },
  {
    name: 'once it is closed nothing is called back, and each opening has had its loss',
    async prove(trial) {
      await trial.start();
      await delivered(trial, 1);
      await trial.close();
      trial.assert(trial.sink.losses === trial.sink.opens, 'an opening has no loss');
      await trial.close();
      await trial.pause(QUIET_MS);
    },
  },
];
