import type { Imported } from '../api/types'
import { plural } from '../lib/format'

/** What an import did, in a sentence. */
export function describeImport({ created, changed, unchanged }: Imported): string {
  if (created + changed + unchanged === 0) return 'There are no files in it.'
  const parts = [
    created > 0 ? plural(created, 'new file') : '',
    changed > 0 ? `${changed} changed` : '',
    unchanged > 0 ? `${unchanged} as before` : '',
  ]
  return `${parts.filter((part) => part !== '').join(', ')}.`
}
