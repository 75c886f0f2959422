/**
 * The messages on the mux stream of one stream of values. Each message is an array of two elements: a word
 * and a value.
 */

/** Words of the producer. After the word that ends the stream, the producer sends FIN. */
export const produced = {
  item: 0,
  /** The source has ended. The value is the source's return value. */
  done: 1,
  /** The source has thrown. The value is the error. */
  failed: 2,
  /**
   * The item with which the source answered the consumer's `throw`. Items that arrive before this message
   * were sent before the source got the `throw`.
   */
  answer: 3,
  /** Several items in one array, for a peer that announced `items`. */
  items: 4,
} as const;

/** Words of the consumer. */
export const consumed = {
  /** The consumer wants no more items. The value is the argument of the consumer's `return`. */
  return: 0,
  /** The consumer has called `throw`. The value is the error. */
  throw: 1,
} as const;
