import { limits } from '../limits.ts';
import type { ConfigFaultCode } from './fault-codes.ts';
import type { FaultPath, FoundFault } from './faults.ts';

export type FileKind = 'file' | 'directory' | 'socket' | 'device' | 'other';

/** What the checks want of the disk. */
export interface FileReader {
  /** Undefined when there is nothing at `path`. Throws what the operating system says when it may not be looked at. */
  stat(path: string): { readonly kind: FileKind; readonly mode: number; readonly size: number } | undefined;
  /** At most `limits.configBytesMax` bytes, which belong to the caller. Throws what the operating system says. */
  read(path: string): Buffer;
}

/** Everything that the checks of files depend on beside the configuration. */
export type FileWorld = {
  readonly reader: FileReader;
  readonly now: Date;
  /** $CREDENTIALS_DIRECTORY; unset outside a systemd unit, and then a credential cannot be looked at. */
  readonly credentialsDirectory?: string | undefined;
};

/**
 * Reads a file that has to be there. @param secret nobody but its owner may read it
 * @returns its bytes, which the caller wipes when they are secret, and what is wrong with the file
 */
export function lookAt(
  reader: FileReader,
  path: string,
  at: FaultPath,
  secret: boolean,
): { bytes?: Buffer; faults: FoundFault[] } {
  const fault = (code: ConfigFaultCode, message: string, remedy: string) => [{ code, at, message, remedy }];
  try {
    const stat = reader.stat(path);
    if (stat === undefined)
      return {
        faults: fault(
          'configuration.file_missing',
          `there is no file ${path}`,
          'Create the file, or correct the path.',
        ),
      };
    if (stat.kind !== 'file')
      return {
        faults: fault('configuration.file_kind', `${path} is no file but a ${stat.kind}`, 'Name a file.'),
      };
    if (stat.size > limits.configBytesMax)
      return {
        faults: fault(
          'configuration.file_size',
          `${path} is larger than a file of its kind can be`,
          'Name another file.',
        ),
      };
    const faults =
      secret && (stat.mode & 0o077) !== 0
        ? fault('configuration.key_readable', `${path} can be read by others`, `Run: chmod 600 ${path}`)
        : [];
    return { bytes: reader.read(path), faults };
  } catch (thrown) {
    const reason = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown reason';
    const remedy = 'Let the user that runs keyferry read it.';
    return { faults: fault('configuration.file_unreadable', `${path} cannot be read (${reason})`, remedy) };
  }
}

/** Undefined, too, where whoever runs the check may see less of the disk than the agent does. */
export function statIfAllowed(reader: FileReader, path: string): ReturnType<FileReader['stat']> {
  try {
    return reader.stat(path);
  } catch {
    return undefined;
  }
}
