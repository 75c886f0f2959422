/** The names that no method of a remote may have, because common tools call them on any object. */

/** The names in base/probed-names.ts. A test compares the two lists. */
export type ToolName =
  | 'toJSON'
  | 'toBSON'
  | 'toPostgres'
  | 'toSqlString'
  | 'inspect'
  | 'asymmetricMatch'
  | 'jasmineToString'
  | 'getMockName'
  | '_isMockFunction'
  | '$$typeof'
  | 'nodeType'
  | 'hasAttribute'
  | 'isEqualNode'
  | 'cause'
  | 'socket'
  | 'getHeaders'
  | 'hashCode'
  | 'equals'
  | `${'@@' | 'fantasy-land/'}${string}`;
