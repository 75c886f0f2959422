// Never answers Dispense.
import { startPlugin } from './base.mjs';
startPlugin({ control: { Dispense() {} } });
