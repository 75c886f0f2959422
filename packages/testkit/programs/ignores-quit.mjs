// Never answers Quit. Leaves when descriptor 3 ends.
import { startPlugin } from './base.mjs';
startPlugin({ control: { Quit() {} } });
