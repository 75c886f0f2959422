/** Asks the compiler's language server for the texts that an editor shows. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

const compiler = fileURLToPath(new URL('bin/tsc', import.meta.resolve('typescript/package.json')));

/** A message of the language server protocol. */
interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** A running language server that has one file open. */
export class Editor implements AsyncDisposable {
  readonly #server: ChildProcess;
  readonly #waiting = new Map<unknown, (message: Message) => void>();
  readonly #uri: string;
  readonly #text: string;
  #buffer = Buffer.alloc(0);
  #lastId = 0;

  private constructor(file: string) {
    this.#uri = pathToFileURL(file).href;
    this.#text = readFileSync(file, 'utf8');
    this.#server = spawn(process.execPath, [compiler, '--lsp', '--stdio'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#server.once('close', () => {
      for (const receive of this.#waiting.values()) receive({ error: 'the language server has exited' });
    });
    this.#server.stdout!.on('data', (chunk: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      this.#readMessages();
    });
  }

  /** Starts a server, and opens `file`. */
  static async open(file: string): Promise<Editor> {
    const editor = new Editor(file);
    await editor.#request('initialize', { processId: process.pid, rootUri: null, capabilities: {} });
    editor.#send({ method: 'initialized', params: {} });
    const textDocument = { uri: editor.#uri, languageId: 'typescript', version: 1, text: editor.#text };
    editor.#send({ method: 'textDocument/didOpen', params: { textDocument } });
    return editor;
  }

  /** Returns the hover text of the last name in `code`, at the first place where the file has `code`. */
  async hover(code: string): Promise<string> {
    const at = this.#text.indexOf(code);
    if (at < 0) throw new Error(`the file does not have ${code}`);
    const before = this.#text.slice(0, at + code.length - 1).split('\n');
    const position = { line: before.length - 1, character: before.at(-1)!.length };
    const { result } = await this.#request('textDocument/hover', {
      textDocument: { uri: this.#uri },
      position,
    });
    const { contents } = result as { contents: string | { value: string } };
    return typeof contents === 'string' ? contents : contents.value;
  }

  #request(method: string, params: unknown): Promise<Message> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (message) => {
        this.#waiting.delete(id);
        if (message.error === undefined) resolve(message);
        else reject(new Error(JSON.stringify(message.error)));
      });
      this.#send({ id, method, params });
    });
  }

  #send(message: object): void {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.#server.stdin!.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  #readMessages(): void {
    for (;;) {
      const head = this.#buffer.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(this.#buffer.toString('utf8', 0, head))![1]);
      if (this.#buffer.length < head + 4 + length) return;
      const body = this.#buffer.toString('utf8', head + 4, head + 4 + length);
      this.#buffer = this.#buffer.subarray(head + 4 + length);
      this.#receive(JSON.parse(body) as Message);
    }
  }

  #receive(message: Message): void {
    if (message.method === undefined) this.#waiting.get(message.id)?.(message);
    // The server asks for the client's settings, and waits for the answer.
    else if (message.id !== undefined) this.#send({ id: message.id, result: null });
  }

  /** Resolves when the server has exited. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#request('shutdown', undefined);
    const closed = once(this.#server, 'close');
    this.#send({ method: 'exit' });
    await closed;
  }
}
