/** Key files that another program (such as a vendor's own stack) drops into a folder. */
import type { Driver, DriverContext, ModuleSink, OpenModule } from '../driver.ts';
import { manifest } from './manifest.ts';
import { KeyFileModule } from './module.ts';

export const driver = {
  ...manifest,
  open(context: DriverContext, sink: ModuleSink): OpenModule {
    return new KeyFileModule(context, sink);
  },
} satisfies Driver;
