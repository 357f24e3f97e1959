import type { FaultPath, FoundFault } from './faults.ts';
import { type FileKind, type FileReader, statIfAllowed } from './reader.ts';
import type { Config } from './schema.ts';

type Place = {
  readonly path: string;
  readonly at: FaultPath;
  readonly wanted: FileKind;
};

/** Places that the agent makes itself, or that may be absent for now: something else must not be there. */
export function checkPlaces(config: Config, reader: FileReader): FoundFault[] {
  return [
    ...placesOf(config).flatMap((place) => placeFaults(place, reader)),
    ...tamperFaults(config, reader),
  ];
}

function placesOf({ data_directory, control, links, audit, rollback_guard, kx }: Config): Place[] {
  const places: Place[] = [
    { path: data_directory, at: ['data_directory'], wanted: 'directory' },
    { path: control.socket, at: ['control', 'socket'], wanted: 'socket' },
  ];
  if (audit.directory !== undefined)
    places.push({ path: audit.directory, at: ['audit', 'directory'], wanted: 'directory' });
  if (rollback_guard !== undefined)
    places.push({ path: rollback_guard.file, at: ['rollback_guard', 'file'], wanted: 'file' });
  if (kx.lab_tls_keylog !== undefined)
    places.push({ path: kx.lab_tls_keylog, at: ['kx', 'lab_tls_keylog'], wanted: 'file' });
  for (const [i, { port }] of links.entries())
    if ('path' in port) places.push({ path: port.path, at: ['links', i, 'port', 'path'], wanted: 'device' });
  return places;
}

function placeFaults({ path, at, wanted }: Place, reader: FileReader): FoundFault[] {
  const kind = statIfAllowed(reader, path)?.kind;
  return kind === undefined || kind === wanted ? [] : [kindFault(path, at, kind, wanted)];
}

// What a switch changes may be a file or a device.
function tamperFaults({ tamper }: Config, reader: FileReader): FoundFault[] {
  const kind = tamper && statIfAllowed(reader, tamper.file)?.kind;
  return kind === 'directory' ? [kindFault(tamper!.file, ['tamper', 'file'], kind, 'file')] : [];
}

function kindFault(path: string, at: FaultPath, kind: FileKind, wanted: FileKind): FoundFault {
  const remedy = `Name a ${wanted}, or a path where nothing is yet.`;
  return { code: 'configuration.file_kind', at, message: `${path} is no ${wanted} but a ${kind}`, remedy };
}
