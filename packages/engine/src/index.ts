export { EngineError, type ErrorKind } from "./core/errors.ts";
