import { at, type FaultCase } from './fault-case.ts';

/** Faults in what a link says of its module. */
export const moduleFaultCases: readonly FaultCase[] = [
  at('module_authentication', 'unauthenticated_module: true', '', 'links[0]', '18:5', 'module_key'),
  at(
    'module_authentication',
    'unauthenticated_module: true',
    'module_key: node.key\n    unauthenticated_module: true',
    'links[0]',
    '18:5',
    'module_key',
  ),
  at(
    'value',
    'unauthenticated_module: true',
    'unauthenticated_module: true\n    qber_max: 0.6',
    'links[0].qber_max',
    '22:15',
    '0.08',
  ),
];
