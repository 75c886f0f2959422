// Node versions that cannot run TypeScript preload this file.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
