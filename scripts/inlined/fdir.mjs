// fdir, which tinyglobby lists directories with, looks for picomatch by `require`. tinyglobby gives it matchers of its own, so the look is
// left out: in a bundle that a user makes of a host, there is no `import.meta.url` for it.
import { editedPackage } from './edits.mjs';

export const fdir = () =>
  editedPackage({
    name: 'fdir',
    edits: {
      'fdir/dist/index.mjs': [
        [/^import \{ createRequire \} from "module";$/m, ''],
        [/^var __require = .*createRequire\(import\.meta\.url\);$/m, ''],
        [
          /try \{\s*__require\.resolve\("picomatch"\);\s*pm = __require\("picomatch"\);\s*\} catch \{[^}]*\}/,
          '',
        ],
      ],
    },
  });
