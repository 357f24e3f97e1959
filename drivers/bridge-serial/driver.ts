/** A QKD module that speaks the firmware bridge over a serial line, a USB serial adapter or a USB CDC port. */
import { StreamFraming, streamRoom } from '../../firmware-bridge/lines.ts';
import { BridgeModule } from '../bridge/module.ts';
import type { Driver, DriverContext, ModuleSink } from '../driver.ts';
import { lineBytesPerSecond, openSerialPort } from '../ports/serial.ts';
import { manifest } from './manifest.ts';

export const driver = {
  ...manifest,
  open(context: DriverContext, sink: ModuleSink): BridgeModule {
    return new BridgeModule(context, sink, async (events) => ({
      link: await openSerialPort(context, events),
      framing: new StreamFraming(),
      room: streamRoom(lineBytesPerSecond(context.baudRate)),
    }));
  },
} satisfies Driver;
