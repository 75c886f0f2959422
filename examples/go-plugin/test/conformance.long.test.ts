import { testConformance } from '../../test-support/conformance.ts';
import { command, missing } from './support/go.ts';

/**
 * The allowed reasons why a check does not apply: the parts of the protocol that this plugin leaves out on
 * purpose.
 */
const leftOut = [
  'the plugin announces neither cancel nor refs',
  'the plugin does not announce cancel',
  'the plugin does not announce errors',
  'the plugin does not announce grace',
  'the plugin does not announce meta',
  'the plugin does not announce refs',
  'the plugin does not announce types',
];

await testConformance(command, missing, leftOut);
