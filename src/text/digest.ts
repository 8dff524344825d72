import { hash } from 'node:crypto'

/** Short text for a value that JSON can express: equal for equal values. It is compared in place of a long text. */
export function digest(value: unknown): string {
  return hash('sha1', JSON.stringify(value), 'base64')
}
