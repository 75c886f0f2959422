// Lets Node run TypeScript. Node versions that cannot run TypeScript themselves preload this file.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
