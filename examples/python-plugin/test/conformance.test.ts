import { testConformance } from '../../test-support/conformance.ts';
import { command, missing } from './support/python.ts';

/** Why checks may pass this plugin by: what it leaves out of the protocol, on purpose. */
const leftOut = [
  'the plugin does not announce grace',
  'the plugin does not announce meta',
  'the plugin does not announce refs',
  'the plugin does not announce types',
  'the plugin sends no codes',
];

await testConformance(command, missing, leftOut);
