import type { Clock } from '../../src/env/clock.ts';
import type { Entropy } from '../../src/env/entropy.ts';
import type { Log } from '../../src/env/log.ts';
import type { Driver } from '../driver.ts';
import type { Claim } from './claims.ts';
import type { ContractDevice } from './device.ts';
import { Trial } from './trial.ts';

/**
 * Tries one claim on a driver and a fresh device, which is closed afterwards. Rejects when the claim does not hold.
 */
export async function tryClaim(
  claim: Claim,
  driver: Driver,
  makeDevice: () => Promise<ContractDevice>,
  world: { readonly clock: Clock; readonly log: Log; readonly entropy: Entropy },
): Promise<void> {
  const device = await makeDevice();
  const trial = new Trial(driver, device, world);
  try {
    await proveAndClose(claim, trial);
  } finally {
    trial.sink.wipe();
    await device.close();
  }
  trial.check();
}

async function proveAndClose(claim: Claim, trial: Trial): Promise<void> {
  try {
    await claim.prove(trial);
    trial.check();
  } finally {
    await trial.close();
  }
}
