import { testConformance } from '../../test-support/conformance.ts';
import { command, missing } from './support/go.ts';

/** Why checks may pass this plugin by: what it leaves out of the protocol, on purpose. */
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
