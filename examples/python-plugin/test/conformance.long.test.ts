import { testConformance } from '../../test-support/conformance.ts';
import { command, missing } from './support/python.ts';

/**
 * The allowed reasons why a check does not apply: the parts of the protocol that this plugin leaves out on
 * purpose.
 */
const leftOut = [
  'the plugin does not announce grace',
  'the plugin does not announce meta',
  'the plugin does not announce refs',
  'the plugin does not announce types',
];

await testConformance(command, missing, leftOut);
