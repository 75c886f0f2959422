// Starts even without the cookie.
import process from 'node:process';
import { startPlugin } from './base.mjs';
process.env['OTTO_PLUGIN_MAGIC_COOKIE'] = '11aab7ff21cb9ff7b0e9975d53f17a8dab571eac9b5ff0191730046698f07b7f';
startPlugin();
