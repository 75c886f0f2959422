/** What a plugin needs, and no more: `@pipework/core/plugin`. It loads nothing that only a host needs. */

export { serve } from './plugin/serve.ts';
export { serveMux, type MuxEntry } from './plugin/serve-mux.ts';
export type { PluginContext, PluginSet, ServeOptions, ServeTransport } from './plugin/options.ts';
export type { LogMethod, PluginLogger } from './plugin/logger.ts';
export {
  APIVersion,
  MagicCookieKey,
  MagicCookieValue,
  type Handshake,
  type LogLevel,
  type Terminals,
  type TerminalSize,
} from './handshake/env.ts';
