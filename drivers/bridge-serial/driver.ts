/** A QKD module that speaks the firmware bridge over a serial line, a USB serial adapter or a USB CDC port. */
import type { Driver, DriverContext, ModuleSink } from '../driver.ts';
import { BridgeModule } from './module.ts';

export const bridgeSerial = {
  id: 'bridge-serial',
  summary: 'firmware bridge over a serial port (UART, USB serial adapter, USB CDC)',
  authenticates: true,
  open(context: DriverContext, sink: ModuleSink): BridgeModule {
    return new BridgeModule(context, sink);
  },
} satisfies Driver;
