/** Runs in the guest: the contract of drivers on bridge-hid, over a real hidraw, with a simulated module behind the kernel's own HID gadget. */
import { closeSync, constants, openSync, readdirSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { driver } from '../../drivers/bridge-hid/driver.ts';
import { claims } from '../../drivers/contract/claims.ts';
import type { ContractDevice } from '../../drivers/contract/device.ts';
import { tryClaim } from '../../drivers/contract/run.ts';
import { ReportFraming } from '../../firmware-bridge/lines.ts';
import { systemClock } from '../../src/node/clock.ts';
import { systemEntropy as entropy } from '../../src/node/entropy.ts';
import { RecordingLog } from '../drivers/recording-sink.ts';
import { BLOCKS, PluggedModule } from '../drivers/still-module.ts';

const UDC = '/sys/kernel/config/usb_gadget/module/UDC';
const identity = { vendor: '1d6b', product: '0104' };
const REPORT_BYTES = 64;
const REPORT_ID = 5;
const TURN_MS = 2;

/** The far end of the cable: takes and gives reports as fast as the kernel will. */
class FarEnd {
  #file: number | undefined;
  readonly #onReport: (report: Buffer) => void;
  readonly #waiting: Buffer[] = [];
  readonly #cancel: NodeJS.Timeout;

  constructor(onReport: (report: Buffer) => void) {
    this.#onReport = onReport;
    this.#cancel = setInterval(() => this.#turn(), TURN_MS);
  }

  send(report: Buffer): void {
    this.#waiting.push(report);
  }

  plugged(): void {
    this.#file = openSync('/dev/hidg0', constants.O_RDWR | constants.O_NONBLOCK);
  }

  /** The kernel has taken the file away; what was on its way is gone. */
  unplugged(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    for (const report of this.#waiting.splice(0)) report.fill(0);
  }

  close(): void {
    clearInterval(this.#cancel);
  }

  #turn(): void {
    const file = this.#file;
    if (file === undefined) return;
    const report = Buffer.alloc(REPORT_BYTES);
    while (this.#now(() => readSync(file, report)) > 0) this.#onReport(Buffer.from(report));
    while (this.#waiting.length > 0 && this.#now(() => writeSync(file, this.#waiting[0]!)) > 0)
      this.#waiting.shift()!.fill(0);
  }

  #now(call: () => number): number {
    try {
      return call();
    } catch {
      // It would have to wait, or the cable is out.
      return 0;
    }
  }
}

async function gadgetDevice(): Promise<ContractDevice> {
  const module = new PluggedModule();
  const far = new FarEnd((report) => module.receive(report));
  let isIn = false;
  const unplug = async (): Promise<void> => {
    if (!isIn) return;
    isIn = false;
    writeFileSync(UDC, '\n');
    module.unplug();
    far.unplugged();
  };
  return {
    port: { usb: identity },
    nowhere: { usb: { ...identity, serial: 'nothing' } },
    baudRate: 115_200,
    blocks: BLOCKS,
    get forgotten() {
      return module.told;
    },
    complaint: undefined,
    async plug() {
      writeFileSync(UDC, `${readdirSync('/sys/class/udc')[0]}\n`);
      far.plugged();
      isIn = true;
      const framing = new ReportFraming({ reportBytes: REPORT_BYTES, reportId: REPORT_ID });
      module.plug((report) => far.send(report), framing);
    },
    unplug,
    noise(bytes) {
      for (let at = 0; at < bytes.length; at += REPORT_BYTES)
        far.send(Buffer.from(bytes.subarray(at, at + REPORT_BYTES)));
    },
    async close() {
      await unplug();
      far.close();
    },
  };
}

function tell(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

for (const claim of claims) {
  let fault: string | undefined;
  try {
    await tryClaim(claim, driver, gadgetDevice, { clock: systemClock, log: new RecordingLog(), entropy });
  } catch (thrown) {
    fault = String(thrown);
  }
  tell({ event: 'claim', name: claim.name, ...(fault !== undefined && { fault }) });
}
tell({ event: 'claims.done' });
