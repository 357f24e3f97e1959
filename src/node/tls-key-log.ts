import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import type { Log } from '../env/log.ts';
import { AgentError, messageOf } from '../errors.ts';

export type TlsKeyLog = { readonly write: (line: Buffer) => void; close(): void };

/**
 * Opens the file to which a laboratory has the secrets of its TLS connections written, readable by the agent's user alone. Says so loudly in the
 * log. A line that cannot be written is lost, and the connection goes on.
 * @throws AgentError `host.keylog_unwritable`
 */
export function openTlsKeyLog(path: string, log: Log): TlsKeyLog {
  const file = open(path);
  log.warn('kx.lab_tls_keylog', {
    path,
    warning:
      'the secrets of every Kx connection are written to this file: whoever reads it reads the traffic',
    remedy: 'Take kx.lab_tls_keylog out of the configuration unless this is a laboratory.',
  });
  let failing = false;
  const write = (line: Buffer): void => {
    try {
      writeSync(file, line);
    } catch (thrown) {
      if (!failing) log.error('kx.lab_tls_keylog.failed', { path, reason: messageOf(thrown) });
      failing = true;
    }
    line.fill(0);
  };
  return { write, close: () => closeSync(file) };
}

function open(path: string): number {
  const remedy =
    "Give kx.lab_tls_keylog a file that is only the agent's to read (mode 0600), or take it out.";
  const refuse = (message: string, cause?: unknown) =>
    new AgentError('host.keylog_unwritable', message, { fault: 'host', remedy, cause });
  let file: number;
  try {
    file = openSync(path, 'a', 0o600);
  } catch (thrown) {
    throw refuse(`cannot write ${path}: ${messageOf(thrown)}`, thrown);
  }
  if ((fstatSync(file).mode & 0o077) === 0) return file;
  closeSync(file);
  throw refuse(`${path} may be read by others than the agent's user`);
}
