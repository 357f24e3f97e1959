import { driver as asciiLines } from './ascii-lines/driver.ts';
import { driver as bridgeHid } from './bridge-hid/driver.ts';
import { driver as bridgeSerial } from './bridge-serial/driver.ts';
import type { Driver, PortKind } from './driver.ts';
import { driver as exec } from './exec/driver.ts';
import { driver as keyFile } from './key-file/driver.ts';

/** All drivers of this agent. Drivers are named here and nowhere else. */
export const registry: readonly { readonly driver: Driver }[] = [
  { driver: bridgeSerial },
  { driver: bridgeHid },
  { driver: asciiLines },
  { driver: exec },
  { driver: keyFile },
];

/** What the check of a configuration needs to know: their names, what kind of port each needs, and whose modules can prove themselves. */
export const driverNames = {
  drivers: registry.map(({ driver }) => driver.id),
  ports: Object.fromEntries(registry.map(({ driver }) => [driver.id, driver.ports])),
  authenticating: registry.flatMap(({ driver }) => (driver.authenticates ? [driver.id] : [])),
};

export function driverById(id: string): Driver | undefined {
  return registry.find(({ driver }) => driver.id === id)?.driver;
}

/**
 * The IDs of the drivers that fit a device: those made for its USB identity; where there is none, those that may be for
 * any device of its kind.
 */
export function driversFor(kind: PortKind, usb?: { vendor?: string; product?: string }): string[] {
  const ofKind = registry.map(({ driver }) => driver).filter(({ ports }) => ports === kind);
  const made = ofKind.filter((driver) =>
    driver.usb.some(({ vendor, product }) => vendor === usb?.vendor && product === usb.product),
  );
  const fitting = made.length > 0 ? made : ofKind.filter((driver) => driver.usb.length === 0);
  return fitting.map(({ id }) => id);
}
