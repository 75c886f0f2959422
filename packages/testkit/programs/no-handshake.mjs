// Lives, and never says a word.
import { checkCookie } from './base.mjs';
checkCookie();
setInterval(() => {}, 60_000);
