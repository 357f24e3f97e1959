/** A vendor's own program in any language, as a process of its own that speaks bridge frames on its stdin and stdout. */
import { StreamFraming, streamRoom } from '../../firmware-bridge/lines.ts';
import { AgentError } from '../../src/errors.ts';
import { BridgeModule } from '../bridge/module.ts';
import type { Driver, DriverContext, ModuleSink } from '../driver.ts';
import { openProgram } from '../ports/program.ts';
import { manifest } from './manifest.ts';

export const driver = {
  ...manifest,
  open(context: DriverContext, sink: ModuleSink): BridgeModule {
    const { port, log } = context;
    return new BridgeModule(context, sink, async (events) => {
      if (!('program' in port)) throw noProgram();
      return {
        link: await openProgram({ command: port.program, log }, events),
        framing: new StreamFraming(),
        room: streamRoom(Number.POSITIVE_INFINITY),
      };
    });
  },
} satisfies Driver;

function noProgram(): AgentError {
  return new AgentError('configuration.port_kind', 'the driver exec is given no program', {
    fault: 'configuration',
    remedy: 'Give `port.program`: the absolute path of the program, then its arguments.',
  });
}
