import { join } from 'node:path';
import type { Disk } from '../env/disk.ts';
import { AgentError } from '../errors.ts';
import { type Verdict, Verifier, type VerifierOptions } from './chain/verifier.ts';
import { linesOf, trailFiles } from './files.ts';

/**
 * Looks at every line of the trail in a directory. An agent may be writing it meanwhile.
 * @throws AgentError `host.audit_unreadable`, `host.audit_none`
 */
export function verifyTrail(disk: Disk, directory: string, options: VerifierOptions = {}): Verdict {
  const files = trailFiles(disk, directory);
  if (files.length === 0 && (options.anchors ?? []).length === 0) throw none(directory);
  const verifier = new Verifier(options);
  for (const { name, firstSeq } of files) {
    verifier.file(name, firstSeq);
    for (const { bytes, whole } of linesOf(disk, join(directory, name))) {
      if (whole) verifier.line(bytes);
      else verifier.unfinished(bytes.length);
    }
  }
  return verifier.end();
}

function none(directory: string): AgentError {
  return new AgentError('host.audit_none', `there is no audit trail in ${directory}`, {
    fault: 'host',
    remedy: 'Name the directory with --directory, or the configuration of the node with --config.',
  });
}
