/** The interface that both sides agree on. */
export interface Greeter {
  greet(name: string): Promise<string>;
}

export interface Plugins {
  greeter: Greeter;
}
