// Never answers Quit. Exits at the end of descriptor 3.
import { startPlugin } from './base.mjs';
startPlugin({ control: { Quit() {} } });
