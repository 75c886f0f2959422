/**
 * What a plain message is. Most calls and answers are small: numbers, booleans, texts, and short lists and objects of them. They are
 * written and read by hand in one pass, without the walk, the scan and the codec, which take three quarters of such a call. What is
 * not plain takes the general path; the bytes are the same.
 */

/** No plain message is longer, nor holds more values. */
export const maxPlainBytes = 2048;
/** How deep lists and objects may stand in one another, the params included. */
export const maxPlainLevels = 8;
/** Items of a list, fields of an object: what MessagePack's shortest headers count. */
export const maxPlainItems = 15;
/** UTF-16 units of a text. */
export const maxPlainText = 255;
