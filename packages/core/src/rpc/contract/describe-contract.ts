/** Turns a contract into a description of its methods, with JSON Schemas. */
import type { MethodDescription, MethodDescriptions } from '../api/description.ts';
import type { Contract, MethodSchemas } from './contract.ts';
import { jsonSchemaOf } from './standard-schema.ts';

/**
 * Describes each method of a contract. Inputs are described as the caller passes them, before validation.
 * Results, items and the data of errors are described as they reach the caller, after validation. If a
 * validator makes no JSON Schema from a schema, the schema is described as `true`, which accepts any value.
 */
export function describeContract(contract: Contract<unknown>): MethodDescriptions {
  return Object.fromEntries(
    Object.entries(contract.methods).map(([name, schemas]) => [name, describeMethod(schemas)]),
  );
}

function describeMethod({ doc, input, output, items, errors }: MethodSchemas): MethodDescription {
  return {
    ...(doc === undefined ? {} : { doc }),
    ...(input === undefined ? {} : { input: input.map((schema) => jsonSchemaOf(schema, 'input') ?? true) }),
    ...(output === undefined ? {} : { output: jsonSchemaOf(output, 'output') ?? true }),
    ...(items === undefined ? {} : { items: jsonSchemaOf(items, 'output') ?? true }),
    ...(errors === undefined
      ? {}
      : {
          errors: Object.fromEntries(
            Object.entries(errors).map(([code, schema]) => [code, jsonSchemaOf(schema, 'output') ?? true]),
          ),
        }),
  };
}
