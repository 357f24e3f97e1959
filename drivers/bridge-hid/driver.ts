/** A QKD module that speaks the firmware bridge in reports of a USB HID device: no driver of an operating system is needed for it. */
import { ReportFraming, reportRoom } from '../../firmware-bridge/lines.ts';
import { BridgeModule } from '../bridge/module.ts';
import type { Driver, DriverContext, ModuleSink } from '../driver.ts';
import { type HidWorld, openHid, realHidWorld } from '../ports/hid.ts';
import { manifest } from './manifest.ts';

/** The driver over the HID devices of `world`. */
export function bridgeHid(world: HidWorld): Driver {
  return {
    ...manifest,
    open(context: DriverContext, sink: ModuleSink): BridgeModule {
      return new BridgeModule(context, sink, async (events) => {
        const { link, shape } = await openHid(context.port, events, world);
        return { link, framing: new ReportFraming(shape), room: reportRoom(shape) };
      });
    },
  };
}

export const driver = bridgeHid(realHidWorld);
