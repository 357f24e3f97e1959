import { bridgeSerial } from './bridge-serial/driver.ts';
import type { Driver } from './driver.ts';

export type PortKind = 'serial' | 'hid';

/** All drivers of this agent, and what kind of port each works on. Drivers are named here and nowhere else. */
export const registry: readonly { readonly driver: Driver; readonly ports: PortKind }[] = [
  { driver: bridgeSerial, ports: 'serial' },
];

/** Their names, and the names of those whose modules can prove themselves. */
export const driverNames = {
  drivers: registry.map(({ driver }) => driver.id),
  authenticating: registry.flatMap(({ driver }) => (driver.authenticates ? [driver.id] : [])),
};

export function driverById(id: string): Driver | undefined {
  return registry.find(({ driver }) => driver.id === id)?.driver;
}

/** The IDs of the drivers that could use such a port. */
export function driversFor(kind: PortKind): string[] {
  return registry.filter(({ ports }) => ports === kind).map(({ driver }) => driver.id);
}
