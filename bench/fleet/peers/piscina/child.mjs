export { work as default } from '../../task.mjs';
