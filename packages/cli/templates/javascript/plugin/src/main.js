/** The program that a host starts. */
import { serve } from '@pipework/core/plugin';
import { plugins } from './index.js';

await serve({ name: '@javascript-app/plugin', version: '0.1.0', plugins });
