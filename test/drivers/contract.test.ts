import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { bridgeHid } from '../../drivers/bridge-hid/driver.ts';
import { driver as bridgeSerial } from '../../drivers/bridge-serial/driver.ts';
import { claims } from '../../drivers/contract/claims.ts';
import type { ContractDevice } from '../../drivers/contract/device.ts';
import { tryClaim } from '../../drivers/contract/run.ts';
import { parseTranscript } from '../../drivers/contract/transcript.ts';
import type { Driver } from '../../drivers/driver.ts';
import { registry } from '../../drivers/registry.ts';
import { transcriptDevice } from '../../src/cli/driver/transcript-device.ts';
import { systemClock } from '../../src/node/clock.ts';
import { systemEntropy as entropy } from '../../src/node/entropy.ts';
import { bridgeDevice, folderDevice, programDevice } from './contract-devices.ts';
import { hidDevice, standInHids } from './hid-stand-in.ts';
import { RecordingLog } from './recording-sink.ts';

const drivers = join(import.meta.dirname, '..', '..', 'drivers');

/** What each driver is tried on, beside the transcript in its folder. */
const devices: Readonly<Record<string, () => Promise<ContractDevice>>> = {
  'bridge-serial': bridgeDevice,
  'bridge-hid': hidDevice,
  exec: programDevice,
  'key-file': folderDevice,
};

function tryAll(driver: Driver, makeDevice: () => Promise<ContractDevice>, on: string): void {
  describe(`${driver.id} on ${on}`, { concurrency: 3 }, () => {
    for (const claim of claims) {
      test(claim.name, () =>
        tryClaim(claim, driver, makeDevice, { clock: systemClock, log: new RecordingLog(), entropy }),
      );
    }
  });
}

test('every driver is tried, and says of itself what holds', () => {
  for (const { driver } of registry) {
    assert(devices[driver.id] !== undefined || existsSync(join(drivers, driver.id, 'session.transcript')));
    assert.match(driver.id, /^[a-z0-9]+(-[a-z0-9]+)*$/);
    assert(existsSync(join(drivers, driver.id, 'driver.ts')), `${driver.id} has a folder of its name`);
  }
});

for (const { driver } of registry) {
  const makeDevice = devices[driver.id];
  if (makeDevice === undefined) continue;
  // No device of its kind without a kernel that has one; test/kernel has.
  const tried = driver.ports === 'hid' ? bridgeHid(standInHids) : driver;
  tryAll(tried, makeDevice, 'a device of its kind');
}

const moduleKey = Buffer.alloc(32, 0x5a);
tryAll(bridgeSerial, () => bridgeDevice(moduleKey), 'a device that proves itself');

for (const name of readdirSync(drivers)) {
  const path = join(drivers, name, 'session.transcript');
  if (!existsSync(path)) continue;
  const transcript = parseTranscript(readFileSync(path, 'utf8'));
  const { driver } = (await import(join(drivers, name, 'driver.ts'))) as { driver: Driver };
  tryAll(driver, () => transcriptDevice(transcript), 'its transcript');
}
