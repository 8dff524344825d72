import { type Config, configSchema } from './config-schema.ts'
import { parseChecked } from './sources/checked-yaml.ts'
import { readText } from './sources/files.ts'

/**
 * Reads the configuration; without a file, every key has its default.
 *
 * @throws {InvalidInput} with file, line and the nearest valid name for each error.
 */
export function readConfig(file: string | undefined): Config {
  return parseConfig(readConfigText(file), file)
}

/** @throws {InvalidInput} */
export function readConfigText(file: string | undefined): string {
  return file === undefined ? '' : readText(file)
}

/**
 * @param file source of the text, for messages; without a file the text is empty and has no errors
 * @throws {InvalidInput}
 */
export function parseConfig(text: string, file: string | undefined): Config {
  return parseChecked(configSchema, text, file)
}
