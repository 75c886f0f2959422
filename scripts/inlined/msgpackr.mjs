// msgpackr as the separate modules of its build without `new Function`. Unlike that build they lose unused
// code, and V8 does not parse a wrapper around them first. This saves 1.8 ms of a plugin's start.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { editedPackage } from './edits.mjs';

export const msgpackr = (folder) =>
  editedPackage({
    name: 'msgpackr/index-no-eval',
    // Every plugin loads it, and it is not stepped through. This takes 33 kB off each plugin's entry.
    shortens: true,
    entry: () => {
      const built = createRequire(resolve(folder, 'package.json')).resolve('msgpackr/index-no-eval');
      const modules = JSON.stringify(resolve(built, '../../pack.js'));
      return `import { Packr, addExtension } from ${modules};\nexport default { Packr, addExtension };`;
    },
    // This removes the one place that turns text into code, as msgpackr's own build does, and code that would
    // run at import without a use.
    edits: {
      'msgpackr/pack.js': [
        // Our options never turn this on. Packing runs no code of the user, so it never begins inside another
        // packing.
        [/if \(packing\) \{\s*return saveState\(value, encodeOptions\);\s*\}/, ''],
        [/this\.useRecords === false \? writePlainObject/, 'true ? writePlainObject'],
        [/\(this\.variableMapSize \|\| this\.coercibleKeyAsNumber \|\| this\.skipValues\)/, 'true'],
        [/if \((this\.(skipValues|coercibleKeyAsNumber)|structures)\)/g, 'if (false)'],
        [/if \((referenceMap|bundledStrings)\b/g, 'if (false'],
        [/if \(packr\.(_writeStruct|bundleStrings)\b/g, 'if (false'],
        [/packr\.useToJSON !== false/g, 'false'],
        [/^let defaultPackr = new Packr\(.*\);$/m, ''],
        [/^export const pack = defaultPackr\.pack;\s*export const encode = defaultPackr\.pack;$/m, ''],
      ],
      'msgpackr/unpack.js': [
        [/new Function\(/, 'new BlockedFunction('],
        [/^var defaultUnpackr = new Unpackr\(.*\);$/m, 'var defaultUnpackr;'],
        [/^(export const (unpack|unpackMultiple|decode) = defaultUnpackr\.\w+;\s*){3}/m, ''],
        // This is a table for float32 numbers that are to be rounded (useFloat32): 256 texts and numbers.
        [/^for \(let i = 0; i < 256; i\+\+\) \{\s*mult10\[i\] = .*\s*\}$/m, ''],
      ],
    },
  });
