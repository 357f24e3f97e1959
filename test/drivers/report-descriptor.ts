/**
 * The descriptor of a device with input and output reports of `bytes` bytes of the vendor's own kind, as firmware-bridge/README.md
 * shows it. `id` in front of the bytes makes each report one longer.
 */
export function reportDescriptor(bytes: number, id?: number): Buffer {
  const count = [0x96, bytes & 0xff, bytes >> 8];
  return Buffer.from([
    ...[0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01],
    ...(id === undefined ? [] : [0x85, id]),
    ...[0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, ...count],
    ...[0x09, 0x01, 0x81, 0x02, 0x09, 0x01, 0x91, 0x02, 0xc0],
  ]);
}
