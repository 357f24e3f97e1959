/** A module that does not speak the firmware bridge, but lines of text over a serial port: README.md in this folder. */
import type { Driver, DriverContext, ModuleSink, OpenModule } from '../driver.ts';
import { manifest } from './manifest.ts';
import { AsciiModule } from './module.ts';

export const driver = {
  ...manifest,
  open(context: DriverContext, sink: ModuleSink): OpenModule {
    return new AsciiModule(context, sink);
  },
} satisfies Driver;
