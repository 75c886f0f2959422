import { describeForeignPlugin } from '../../python-plugin/test/support/behaviour.ts';
import { command, missing } from './support/go.ts';

describeForeignPlugin({ language: 'Go', command, missing, capable: false });
