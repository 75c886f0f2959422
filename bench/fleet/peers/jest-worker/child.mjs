export { work } from '../../task.mjs';
