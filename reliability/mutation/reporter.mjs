/** The mutants that were tested so far. If a run has no time left, it reports these. */
export const tested = [];

/** Stryker loads this reporter into the process of the mutation program (in `reliability/programs`). */
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
