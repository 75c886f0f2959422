/** The mutants that were tested so far. If a run has no time left, it reports these. */
export const tested = [];

/** Stryker loads this into the process of the program. */
export const strykerPlugins = [
  {
    kind: 'Reporter',
    name: 'tested',
    injectableClass: class {
      static inject = [];
      onMutantTested(result) {
        tested.push(result);
      }
    },
  },
];
