/** A QKD module that speaks the firmware bridge over a serial line, a USB serial adapter or a USB CDC port. */
import { BridgeModule } from '../bridge/module.ts';
import type { Driver, DriverContext, ModuleSink } from '../driver.ts';
import { lineBytesPerSecond, openSerialPort } from '../ports/serial.ts';
import { manifest } from './manifest.ts';

export const driver = {
  ...manifest,
  open(context: DriverContext, sink: ModuleSink): BridgeModule {
    return new BridgeModule(context, sink, {
      open: (events) => openSerialPort(context, events),
      bytesPerSecond: lineBytesPerSecond(context.baudRate),
    });
  },
} satisfies Driver;
