import { AgentError, messageOf } from '../../src/errors.ts';

export type HidEntry = {
  /** Such as `/dev/hidraw0`. */
  readonly path: string;
  /** Four hexadecimal digits in lower case. */
  readonly vendor: string;
  readonly product: string;
  readonly serial?: string;
  readonly manufacturer?: string;
  readonly productName?: string;
  /** 0xFF00 to 0xFFFF are the vendors' own. */
  readonly usagePage?: number;
};

/**
 * node-hid, loaded only now: its addon needs libudev, which a node without HID modules may lack. Rejects with an AgentError then.
 */
export async function nodeHid(): Promise<typeof import('node-hid')> {
  try {
    const hid = await import('node-hid');
    // Only what is called loads the addon.
    hid.getHidapiVersion();
    return hid;
  } catch (cause) {
    throw unavailable(cause);
  }
}

/** All HID devices. Rejects with an AgentError when they cannot be listed. */
export async function listHidDevices(): Promise<HidEntry[]> {
  const { devicesAsync } = await nodeHid();
  const devices = await devicesAsync().catch((cause: unknown) => {
    throw unavailable(cause);
  });
  return devices.map((device) => ({
    path: device.path ?? '',
    vendor: hex4(device.vendorId),
    product: hex4(device.productId),
    ...(device.serialNumber && { serial: device.serialNumber }),
    ...(device.manufacturer && { manufacturer: device.manufacturer }),
    ...(device.product && { productName: device.product }),
    ...(device.usagePage !== undefined && { usagePage: device.usagePage }),
  }));
}

function unavailable(cause: unknown): AgentError {
  return new AgentError('host.hid-unavailable', `HID devices cannot be reached: ${messageOf(cause)}`, {
    fault: 'host',
    remedy:
      'Install libudev1 (to run from sources also libusb-1.0-0) if modules are attached over HID; otherwise ignore this.',
    cause,
  });
}

function hex4(value: number): string {
  return value.toString(16).padStart(4, '0');
}
