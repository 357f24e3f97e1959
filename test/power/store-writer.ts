/**
 * A process that lives from its store until it is killed: `store-writer.ts DIRECTORY LIFE SEED [STEPS DEVICE SECTOR SECTORS]`. What it asks of
 * the store and what it is answered goes to its output, or to a device behind a file system. After `STEPS` it kills itself, in three lives of four
 * between a write and its sync.
 */
import { systemDisk } from '../../src/node/disk.ts';
import { Random } from '../fuzz/random.ts';
import { deviceJournal, pipeJournal } from './journal.ts';
import { StoreLoad } from './store-load.ts';
import { openUnderTest } from './store-under-test.ts';

const [directory, lifeText, seed, stepsText, device, sector, sectors] = process.argv.slice(2);
const life = Number(lifeText);
const steps = stepsText === undefined ? Number.POSITIVE_INFINITY : Number(stepsText);
const journal = device === undefined ? pipeJournal : deviceJournal(device, Number(sector), Number(sectors));
const disk = { ...systemDisk };
const store = openUnderTest(directory!, (what) => journal({ life, at: 'failed', what }), disk);
journal({ life, at: 'opened', storeId: store.storeId });
const load = new StoreLoad(store, journal, new Random(Number(seed) * 1_000 + life), life);
for (let step = 0; step < steps; step++) await load.step();
const die = (): void => {
  process.kill(process.pid, 'SIGKILL');
};
if (life % 4 === 0) die();
Object.assign(disk, { fdatasync: die });
for (;;) await load.step();
