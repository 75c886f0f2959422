/**
 * The limits of a plain message. Most calls and answers are small: numbers, booleans, texts, and short lists
 * and objects of them. This folder writes and reads such messages in one pass. The walk, the scan and the
 * codec would take three quarters of the time of such a call. Messages that are not plain take the general
 * path. Both paths write the same bytes.
 */

/** The maximum length of a plain message in bytes, and its maximum number of values. */
export const maxPlainBytes = 2048;
/** How deep lists and objects may be nested, including the params. */
export const maxPlainLevels = 8;
/**
 * The maximum number of items in a list, and of fields in an object. This is the greatest number that
 * MessagePack's shortest headers can hold.
 */
export const maxPlainItems = 15;
/** The maximum length of a text, in UTF-16 units. */
export const maxPlainText = 255;
