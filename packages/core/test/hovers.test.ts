/** Tests the texts that an editor shows for names in `support/hovered.ts`. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Editor } from './support/editor.ts';

let editor: Editor;
beforeAll(async () => {
  editor = await Editor.open(fileURLToPath(new URL('support/hovered.ts', import.meta.url)));
});
afterAll(async () => {
  await editor[Symbol.asyncDispose]();
});

test('a remote has the name of its interface', async () => {
  expect(await editor.hover('const remoteGreeter')).toBe('const remoteGreeter: Remote<Greeter>');
});

test('a method of a remote has the parameter names and the docs of the interface', async () => {
  expect(await editor.hover('{ greet')).toBe(
    'const greet: (name: string, times?: number) => Promise<string>Greets a person.',
  );
  expect(await editor.hover('{ greet, leave, add')).toBe(
    'const add: (left: number, right: number) => Promise<number>Adds two numbers.',
  );
});

test('a method that is optional in the interface is not optional on the remote, and keeps its docs', async () => {
  expect(await editor.hover('{ greet, leave')).toBe(
    'const leave: (name: string) => Promise<string>Says goodbye, if the plugin can.',
  );
});

test('a checked remote has the name of its interface', async () => {
  expect(await editor.hover('const checkedByName')).toBe('const checkedByName: CheckedRemote<FromSchemas>');
  expect(await editor.hover('const checkedDirectory')).toBe('const checkedDirectory: Remote<Directory>');
});

test('a checked remote of an untyped or another remote has the methods of the contract in its hover', async () => {
  const methods = `CheckedRemote<{
    readonly greet: (args_0: string, args_1: number, options?: MethodOptions | undefined) => Promise<string>;
    readonly names: (args_0: string, options?: MethodOptions | undefined) => AsyncIterable<string>;
}>`;
  expect(await editor.hover('const checkedUntyped')).toBe(`const checkedUntyped: ${methods}`);
  expect(await editor.hover('const checkedOther')).toBe(`const checkedOther: ${methods}`);
});

test('a method of a contract has parameter names and docs only if the contract was made for an interface', async () => {
  expect(await editor.hover('{ greet: greetBySchemas')).toBe(
    'const greetBySchemas: (args_0: string, args_1: number, options?: MethodOptions | undefined) => Promise<string>',
  );
  expect(await editor.hover('{ names')).toBe(
    'const names: (prefix: string) => AsyncIterable<string>Lists the names that begin with a prefix.',
  );
});
