import type { Disk } from '../env/disk.ts';
import { AgentError } from '../errors.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';

const KEY_BYTES = 32;

/**
 * A key of 32 bytes from a file that holds them, or 64 hexadecimal digits and at most one newline. The caller owns it.
 * @param field of the configuration, for codes and remedies: `node_key`, `module_key`
 * @param by who has put it there: systemd may own it, and have put the agent's user on a list of those who may read it
 * @throws AgentError with fault `configuration`: the file can't be read, can be read by others, or holds something else
 */
export function readKeyFile(
  disk: Disk,
  path: string,
  field: string,
  by: 'operator' | 'systemd' = 'operator',
): SecretBytes {
  const bytes = readSecretFile(disk, path, field, by);
  try {
    if (bytes.length === KEY_BYTES) return SecretBytes.copyOf(bytes);
    const key = SecretBytes.alloc(KEY_BYTES);
    if (!decodeHex(bytes, key.view())) {
      key.wipe();
      throw fault(
        `configuration.${field}_size`,
        `${path} holds neither 32 bytes nor 64 hexadecimal digits`,
        `Make one with: (umask 077; head -c 32 /dev/urandom > ${path})`,
      );
    }
    return key;
  } finally {
    bytes.fill(0);
  }
}

/** All of a file that nobody but its owner can read; the caller wipes it. Throws as `readKeyFile`. */
export function readSecretFile(
  disk: Disk,
  path: string,
  field: string,
  by: 'operator' | 'systemd' = 'operator',
): Buffer {
  try {
    const { mode, uid } = disk.statSync(path);
    // The group bits of a file with such a list are the list's mask.
    const isListed = by === 'systemd' && uid !== process.geteuid?.();
    if ((mode & (isListed ? 0o037 : 0o077)) !== 0) {
      throw fault(
        `configuration.${field}_readable`,
        `${path} can be read by others than its owner`,
        `Run: chmod 600 ${path}`,
      );
    }
    return disk.readFileSync(path);
  } catch (cause) {
    if (cause instanceof AgentError) throw cause;
    throw fault(
      `configuration.${field}_unreadable`,
      `${path} cannot be read`,
      `Correct ${field}, or make the file readable to the agent.`,
      cause,
    );
  }
}

// Byte by byte, since a string could not be wiped.
function decodeHex(text: Buffer, into: Buffer): boolean {
  const end = text.at(-1) === 0x0a ? text.length - 1 : text.length;
  if (end !== KEY_BYTES * 2) return false;
  for (let i = 0; i < KEY_BYTES; i++) {
    const high = digit(text[2 * i]!);
    const low = digit(text[2 * i + 1]!);
    if (high < 0 || low < 0) return false;
    into[i] = (high << 4) | low;
  }
  return true;
}

function digit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function fault(code: string, message: string, remedy: string, cause?: unknown): AgentError {
  return new AgentError(code, message, { fault: 'configuration', remedy, cause });
}
