/** A QKD module that speaks the firmware bridge over a serial line, a USB serial adapter or a USB CDC port. */
import type { Driver, DriverContext, ModuleSink, OpenModule } from '../driver.ts';
import { BridgeModule } from './module.ts';

/** `zeroize` tells the module to wipe what it still holds; without an open module it does nothing. */
export type OpenBridgeModule = OpenModule & { zeroize(): void };

export const bridgeSerial = {
  id: 'bridge-serial',
  summary: 'firmware bridge over a serial port (UART, USB serial adapter, USB CDC)',
  open(context: DriverContext, sink: ModuleSink): OpenBridgeModule {
    return new BridgeModule(context, sink);
  },
} satisfies Driver;
