/** What `reft schema` can print the schema of. */
export const schemaNames = ['run', 'compare', 'evaluation'] as const;
export type SchemaName = (typeof schemaNames)[number];
