/**
 * The fixed words of the wire that are written and read in different files: method names, prefixes, message
 * types, and the sentences that stand for an error code if a peer sends only text. docs/protocol.md has their
 * meaning.
 */

/** The first element of every message's array. */
export const messageType = { request: 0, response: 1, notification: 2 } as const;

/** Methods of the control stream. The runtime itself answers them. */
export const controlMethods = {
  /** `[true]` or `[]` → any value. */
  ping: 'Control.Ping',
  /** `[true]` or `[]` → any value, once the plugin has finished its running work. */
  quit: 'Control.Quit',
  /** `[true]` or `[]` → a map that describes the plugin and what it offers. */
  describe: 'Control.Describe',
  /** `[name]` → u32 broker id of a new implementation. */
  dispense: 'Dispenser.Dispense',
} as const;

/**
 * The broker id of the stream on which a plugin asks for services. `nextId()` never returns this id, on
 * either side.
 */
export const serviceBrokerId = 0;

/** Methods of the stream on which a plugin asks for services of its host. */
export const serviceMethods = {
  /** `[name]` → u32 broker id of a new implementation. */
  dispense: 'Host.Dispense',
} as const;

/** The prefix of each method of a dispensed implementation. */
export const implementationPrefix = 'Plugin.';

/**
 * The prefix of each method that one runtime calls on the other. A method of the user with this prefix is
 * never served.
 */
export const runtimePrefix = '$/';

/**
 * Notifications and requests between the two runtimes. Each is sent on the stream of the conversation that it
 * concerns.
 */
export const runtimeMethods = {
  /** `[msgid]`: a notification that the caller no longer wants this call. */
  cancel: '$/cancel',
  /** `[id, args]` or `[id, args, name]`: a request to call a function, or a method of an object. */
  call: '$/call',
  /** `[id]`: a notification that its sender keeps this reference once more. */
  retain: '$/retain',
  /** `[id, count]`: a notification that its sender gives a held reference back `count` times. */
  release: '$/release',
  /** `[id]`: a notification that its sender does not want this stream. */
  drop: '$/drop',
  /** `[id]`: a notification that this signal has aborted. */
  abort: '$/abort',
  /** `[]`: a request for a map that describes each method of the dispensed implementation. */
  describe: '$/describe',
} as const;

/** Error texts that stand for a code if the peer sends a text in place of an error map. */
export const sentences = {
  /** Stands for `RPC_UNKNOWN_METHOD`. The name of the method follows. */
  unknownMethod: "can't find method ",
  /** Stands for `RPC_UNKNOWN_PLUGIN`. The name of the plugin follows. */
  unknownPlugin: 'unknown plugin type: ',
  /** Stands for `RPC_UNKNOWN_SERVICE`. The name of the service follows. */
  unknownService: 'unknown service: ',
  /** Stands for `RPC_SHUTTING_DOWN`, also as the end of a longer text. */
  shuttingDown: 'plugin is shutting down',
} as const;
