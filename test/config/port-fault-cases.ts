import type { FaultCase } from './fault-case.ts';

const replace = '{ path: /dev/null }';

/** Faults of `links[].port`, as `faultCases` has them. */
export const portFaultCases: readonly FaultCase[] = [
  {
    code: 'configuration.port_kind',
    replace,
    by: '{ program: [/bin/x] }',
    path: 'links[0].port',
    place: '20:5',
    remedy: 'path or usb',
  },
  {
    code: 'configuration.value',
    replace,
    by: '{ program: [bin/x] }',
    path: 'links[0].port.program',
    place: '20:13',
    remedy: '/opt/qkd/module',
  },
  {
    code: 'configuration.value',
    replace,
    by: '{ folder: { path: x, format: y } }',
    path: 'links[0].port.folder.format',
    place: '20:40',
    remedy: 'numbered',
  },
];
