/** What a contract says of its methods, as JSON Schemas. */
import type { MethodDescription, MethodDescriptions } from '../api/description.ts';
import type { Contract, MethodSchemas } from './contract.ts';
import { jsonSchemaOf } from './standard-schema.ts';

/**
 * Describes each method of a contract. Arguments are described as their caller gives them, results and data of errors as they arrive. A
 * schema whose validator makes no JSON Schema is described by `true`, which any value fits.
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
