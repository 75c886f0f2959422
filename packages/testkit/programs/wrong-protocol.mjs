// Announces another protocol over the pipes.
import { startPlugin } from './base.mjs';
startPlugin({ line: '1|pipe|3,4|grpc|1||1\n' });
