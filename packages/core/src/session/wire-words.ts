/**
 * The fixed words of the wire that have a writer and a reader in different places: method names, prefixes, message types, and
 * the sentences that peers without error codes are understood by. docs/protocol.md has their meaning.
 */

/** The first element of every message's array. */
export const messageType = { request: 0, response: 1, notification: 2 } as const;

/** Methods of the control stream, which the runtime itself answers. */
export const controlMethods = {
  /** `[true]` or `[]` → anything. */
  ping: 'Control.Ping',
  /** `[true]` or `[]` → anything, once the plugin has finished what it was doing. */
  quit: 'Control.Quit',
  /** `[true]` or `[]` → what the plugin is and offers, as a map. */
  describe: 'Control.Describe',
  /** `[name]` → u32 broker id of a new implementation. */
  dispense: 'Dispenser.Dispense',
} as const;

/** The broker id with which a plugin opens the stream on which it asks for services. No side hands it out. */
export const serviceBrokerId = 0;

/** Methods of the stream on which a plugin asks for services of its host. */
export const serviceMethods = {
  /** `[name]` → u32 broker id of a new implementation. */
  dispense: 'Host.Dispense',
} as const;

/** Stands before each method of a dispensed implementation. */
export const implementationPrefix = 'Plugin.';

/** Stands before each method that the two runtimes call of one another. A method of the user's that begins so is never served. */
export const runtimePrefix = '$/';

/** Notifications and requests between the two runtimes, on the stream of the conversation that they are about. */
export const runtimeMethods = {
  /** `[msgid]`: the caller no longer wants this call. */
  cancel: '$/cancel',
  /** `[id, args]` or `[id, args, name]`: a request, to a function or to a method of an object. */
  call: '$/call',
  /** `[id]`: the receiver keeps one more of this reference. */
  retain: '$/retain',
  /** `[id, count]`: the receiver gives so many back. */
  release: '$/release',
  /** `[id]`: the receiver does not want this stream. */
  drop: '$/drop',
  /** `[id]`: this signal has aborted. */
  abort: '$/abort',
  /** `[]`: a request, for a map from each method of what was dispensed to what is known of it. */
  describe: '$/describe',
} as const;

/** Error texts that have a code of their own where the peer sends no more than a text. */
export const sentences = {
  /** Followed by the method: `RPC_UNKNOWN_METHOD`. */
  unknownMethod: "can't find method ",
  /** Followed by the name: `RPC_UNKNOWN_PLUGIN`. */
  unknownPlugin: 'unknown plugin type: ',
  /** Followed by the name: `RPC_UNKNOWN_SERVICE`. */
  unknownService: 'unknown service: ',
  /** The whole text, or its end: `RPC_SHUTTING_DOWN`. */
  shuttingDown: 'plugin is shutting down',
} as const;
