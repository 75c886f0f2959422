import { testConformance } from '../../test-support/conformance.ts';
import { command, missing } from './support/go.ts';

/** The reasons for which a check may skip this plugin, which leaves out parts of the protocol on purpose. */
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
