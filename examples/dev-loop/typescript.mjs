// Preloaded by Node versions that do not run TypeScript by themselves.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
