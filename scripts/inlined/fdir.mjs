// fdir, by which tinyglobby lists directories, looks for picomatch by `require`. tinyglobby passes its own
// matchers, so this search is removed. In a host that a user has bundled, there is no `import.meta.url` for
// it.
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
