/** What the host calls. */
export interface Greeter {
  greet(names: readonly string[]): AsyncIterable<string>;
}

/** What the greeter calls, in a plugin of its own. */
export interface Dictionary {
  hello(language: string): Promise<string>;
}

/** What the host offers its plugin. */
export interface Settings {
  language(name: string): string;
}

/** Spans, on their way to the host. */
export interface Spans {
  take(spans: readonly Told[]): void;
}

/** What is shown of a span. */
export interface Told {
  readonly traceId: string;
  readonly spanId: string;
  readonly parent: string | undefined;
  readonly name: string;
  readonly kind: string;
  readonly program: string;
}

export interface Services {
  settings: Settings;
  spans: Spans;
}
