/**
 * The limits of a plain message. Most calls and answers consist of numbers, booleans, texts, and short lists
 * and objects of these. This folder writes and reads such messages in one pass. On the general path, the walk
 * (outbound.ts), the scan (scanner.ts) and the codec would take three quarters of the time of a small call.
 * Messages that are not plain take the general path. Both paths write the same bytes for the same message.
 */

/** The maximum length of a plain message in bytes, and its maximum number of values. */
export const maxPlainBytes = 2048;
/** The maximum depth of nested lists and objects. The list of params is the first level. */
export const maxPlainLevels = 8;
/**
 * The maximum number of items in a list, and of fields in an object. This is the greatest number that
 * MessagePack's shortest headers can hold.
 */
export const maxPlainItems = 15;
/** The maximum length of a text, in UTF-16 units. */
export const maxPlainText = 255;
