import { AgentError } from '../../errors.ts';
import { readHexText } from './hex-text.ts';

const PCAP_MAGICS = [0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1, 0x0a0d0d0a];

/**
 * The bytes of a Kx stream from what was captured: the stream itself, or hexadecimal text of it. A stream begins with a zero byte (the version),
 * a text never has one.
 * @throws AgentError `decode.not_hex`, `decode.packets`
 */
export function streamOf(captured: Buffer): Buffer {
  if (captured.length >= 4 && PCAP_MAGICS.includes(captured.readUInt32BE(0))) {
    throw new AgentError('decode.packets', 'this is a capture of packets, not of a byte stream', {
      fault: 'application',
      remedy:
        'Open it in Wireshark with docs/wireshark/keyferry-kx.lua, or give one direction of "Follow TLS stream" saved as raw.',
    });
  }
  return looksBinary(captured) ? captured : readHexText(captured);
}

function looksBinary(bytes: Buffer): boolean {
  return bytes.some(
    (byte) => byte >= 0x7f || (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d),
  );
}
