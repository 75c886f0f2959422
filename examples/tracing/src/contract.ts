/** The interface that the host calls. */
export interface Greeter {
  greet(names: readonly string[]): AsyncIterable<string>;
}

/** The interface that the greeter calls. Another plugin serves it. */
export interface Dictionary {
  hello(language: string): Promise<string>;
}

/** The interface that the host offers to its plugin. */
export interface Settings {
  language(name: string): string;
}

/** The service to which plugins send their spans. */
export interface Spans {
  take(spans: readonly Told[]): void;
}

/** The parts of a span that the example prints. */
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
