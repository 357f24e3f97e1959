import { EventEmitter } from 'node:events';
import type { ContractDevice } from '../../drivers/contract/device.ts';
import type { HidDevice, HidWorld } from '../../drivers/ports/hid.ts';
import { ReportFraming } from '../../firmware-bridge/lines.ts';
import { reportDescriptor } from './report-descriptor.ts';
import { BLOCKS, PluggedModule } from './still-module.ts';

/**
 * There is no HID device without a kernel that has one: node-hid's surface is stood in for here, and only it. On a real kernel the
 * same driver is tried by test/kernel.
 */
export class HidStandIn extends EventEmitter implements HidDevice {
  readonly written: Buffer[] = [];
  closes = 0;
  /** Each write takes a turn of the event loop; the first ones take longest. */
  slowness = 3;
  failing = false;

  async write(report: Buffer): Promise<number> {
    const copy = Buffer.from(report);
    for (let turn = this.slowness--; turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve));
    if (this.failing) throw new Error('Cannot write to hid device');
    this.written.push(copy);
    this.emit('written', copy);
    return report.length;
  }

  async close(): Promise<void> {
    this.closes += 1;
    if (this.closes > 1) throw new Error('device has been closed');
  }
}

const REPORT_ID = 5;
const plugged = new Map<string, HidStandIn>();
const identity = { vendor: '1209', product: '0001' };

/** The devices that are plugged in now. */
export const standInHids: HidWorld = {
  list: async () => [...plugged.keys()].map((path) => ({ path, serial: path.split(':')[1]!, ...identity })),
  async open(path) {
    const device = plugged.get(path);
    if (device === undefined) throw new Error(`cannot open device with path ${path}`);
    return device;
  },
  describe: async () => reportDescriptor(63, REPORT_ID),
};

let made = 0;

/** A simulated module behind reports of 64 bytes, for `bridge-hid` over the stand-ins. It comes back under another path. */
export async function hidDevice(): Promise<ContractDevice> {
  const serial = `SN${++made}`;
  let path = '';
  let device: HidStandIn | undefined;
  const module = new PluggedModule();
  // Reports that nobody reads are lost.
  const send = (report: Buffer): void => void setImmediate(() => device?.emit('data', report));
  const unplug = async (): Promise<void> => {
    plugged.delete(path);
    module.unplug();
    const gone = device;
    device = undefined;
    gone?.emit('error', 'could not read from HID device');
  };
  return {
    port: { usb: { ...identity, serial } },
    nowhere: { usb: { ...identity, serial: 'nothing' } },
    baudRate: 115_200,
    blocks: BLOCKS,
    get forgotten() {
      return module.told;
    },
    complaint: undefined,
    async plug() {
      path = `/dev/hidraw${++made}:${serial}`;
      const opened = new HidStandIn();
      device = opened;
      opened.on('error', () => {});
      opened.on('written', (report: Buffer) => module.receive(report));
      plugged.set(path, opened);
      module.plug(send, new ReportFraming({ reportBytes: 64, reportId: REPORT_ID }));
    },
    unplug,
    noise(bytes) {
      for (let at = 0; at < bytes.length; at += 64) send(Buffer.from(bytes.subarray(at, at + 64)));
    },
    close: unplug,
  };
}
