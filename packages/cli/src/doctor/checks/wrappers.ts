/**
 * Checks whether the `node` of PATH is Node itself, or a wrapper that does not pass on the descriptors 3 and
 * 4.
 */
import { dirname } from 'node:path';
import { broken, ok, type Check } from '../finding.ts';
import { supportsNode, supportedNode } from './node.ts';

/**
 * A program that writes Node's version to descriptor 4, and then the text that it reads from descriptor 3.
 */
const echo = `const { readFileSync, writeSync } = require('fs'); writeSync(4, process.versions.node + ' ' + readFileSync(3))`;

export const wrappersCheck: Check = {
  name: 'wrappers',
  startsPrograms: true,
  async run({ nodePath, onPath, runProgram }) {
    const todo = `put ${dirname(nodePath)} first in PATH, or start plugins by process.execPath`;
    const file = onPath('node');
    if (file === undefined) {
      return broken(
        'there is no node in PATH',
        'plugins that are started by the name node do not start, nor do scripts with #!/usr/bin/env node',
        todo,
      );
    }
    const { up, problem } = await runProgram('node', ['-e', echo], 'reached');
    const [version = '', word] = up.split(' ');
    if (word !== 'reached') {
      return broken(
        `${file} does not pass on descriptors 3 and 4 (${problem === '' ? 'it ended with status 0 without them' : problem})`,
        'it is a wrapper around Node, and plugins that are started by it never reach their host',
        todo,
      );
    }
    if (!supportsNode(version)) {
      return broken(
        `${file} is Node ${version}, which is not among the supported versions, ${supportedNode}`,
        'plugins that are started by it may fail',
        todo,
      );
    }
    return ok(
      `${file} is Node ${version} and passes on descriptors 3 and 4`,
      'start plugins with it. npx, pnpm, yarn, tsx and sudo before a plugin do not pass these descriptors on',
    );
  },
};
