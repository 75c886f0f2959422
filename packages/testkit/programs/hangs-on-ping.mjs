// Answers everything but Control.Ping.
import { startPlugin } from './base.mjs';
startPlugin({ control: { Ping() {} } });
