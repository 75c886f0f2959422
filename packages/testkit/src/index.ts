export { conducts, misbehave, type Misbehaviour } from './misbehave.ts';
export { conformance } from './conformance/suite.ts';
