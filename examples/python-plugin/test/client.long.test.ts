import { describeForeignPlugin } from './support/behaviour.ts';
import { command, missing } from './support/python.ts';

describeForeignPlugin({ language: 'Python', command, missing, capable: true });
