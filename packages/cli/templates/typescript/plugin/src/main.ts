/** The program that a host starts. */
import { serve } from '@pipework/core/plugin';
import type { Plugins } from '@typescript-app/contract';
import { plugins } from './index.ts';

await serve<Plugins>({ name: '@typescript-app/plugin', version: '0.1.0', plugins });
