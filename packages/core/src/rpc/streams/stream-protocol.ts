/**
 * The messages on the mux stream of a value that is a stream. Each is an array of two: a word and a value.
 */

/** Words of the producer. After the word that ends the stream, the producer sends FIN. */
export const produced = {
  item: 0,
  /** The source ended; the value is what it returned. */
  done: 1,
  /** The source threw; the value is the error. */
  failed: 2,
  /**
   * The item with which the source answered the consumer's `throw`. Items that arrive before it were already
   * under way.
   */
  answer: 3,
  /** Several items in one array, for a peer that announced `items`. */
  items: 4,
} as const;

/** Words of the consumer. */
export const consumed = {
  /** The consumer wants no more items. The value is what it passed to `return`. */
  return: 0,
  /** The consumer passed an error to `throw`. */
  throw: 1,
} as const;
