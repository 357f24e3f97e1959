import { isSea } from 'node:sea';
import { AgentError } from '../../errors.ts';

/** For what only the source tree can do. @throws AgentError `configuration.needs_sources` in the binary */
export function needSources(): void {
  if (!isSea()) return;
  throw new AgentError(
    'configuration.needs_sources',
    'drivers are made and tried in the source tree, not by the binary',
    {
      fault: 'configuration',
      remedy: 'Run `npx keyferry driver …` at the top of the source tree.',
    },
  );
}
