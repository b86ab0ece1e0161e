import type { Deleted } from '../api/trash'
import { formatFull, formatSize, formatWhen } from '../lib/format'
import { baseName, parentPath } from '../lib/paths'

/** Where something was, for people. */
export const placeOf = ({ path }: Pick<Deleted, 'path'>): string => parentPath(path) || 'at the top'

/** Who deleted it, when, and how much it is. */
export function aboutDeleted({ deleted_at: at, deleted_by: by, kind, size }: Deleted, me: string) {
  const who = by === null ? 'somebody' : by.id === me ? 'you' : by.name
  return {
    who: `Deleted by ${who}`,
    when: at === null ? '' : formatWhen(at),
    exactly: at === null ? '' : formatFull(at),
    size: kind === 'folder' ? 'with all that was in it' : size === null ? '' : formatSize(size),
  }
}

/** Those whose path holds all the words, in any letter case. */
export function named(entries: readonly Deleted[], words: string): readonly Deleted[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
  if (wanted.length === 0) return entries
  return entries.filter(({ path }) => wanted.every((word) => path.toLowerCase().includes(word)))
}

/** What the button says that puts back all that is chosen. */
export function putBackLabel(chosen: readonly Deleted[]): string {
  const [first] = chosen
  return chosen.length === 1 && first !== undefined ? `Put back “${baseName(first.path)}”` : `Put back ${chosen.length}`
}
