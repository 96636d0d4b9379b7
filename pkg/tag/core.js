// The file that the edge serves as core.js: the core, and the parts of the tag that are loaded with it.
export * from '../index.js';
export { newDecider } from './decide.js';
export { newFiller } from './fill.js';
export { newListener } from './live.js';
